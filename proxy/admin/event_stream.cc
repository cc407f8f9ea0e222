#include "proxy/admin/event_stream.h"

#include "registry/api.h"

namespace sluice::admin {

namespace {

// JSON as it is written here holds no line ends, which would end the data.
std::string event(std::string_view kind, std::string_view epoch, std::uint64_t index,
                  const std::string& data) {
  std::string text;
  text.reserve(data.size() + epoch.size() + 64);
  text.append("event: ").append(kind);
  text.append("\nid: ").append(epoch).append("-").append(std::to_string(index));
  text.append("\ndata: ").append(data).append("\n\n");
  return text;
}

bool was_chosen(const config::Selector& selector, const Step& step) {
  using Kind = registry::Change::Kind;
  const Kind kind = step.change.kind;
  if (kind == Kind::added) return false;
  if (kind == Kind::updated) return step.before && selector.matches(step.before->labels);
  return selector.matches(step.change.instance->labels);
}

bool is_chosen(const config::Selector& selector, const Step& step) {
  return step.change.kind != registry::Change::Kind::removed &&
         selector.matches(step.change.instance->labels);
}

}  // namespace

std::string snapshot_event(const registry::Snapshot& snapshot, const Subject& subject,
                           std::uint64_t now_ms) {
  const registry::Filter filter{subject.selector, std::nullopt};
  return event("snapshot", snapshot.epoch, snapshot.index,
               registry::services_json(snapshot, subject.service, filter, now_ms));
}

std::string change_event(std::string_view epoch, const registry::Change& change,
                         std::uint64_t now_ms) {
  return event("change", epoch, change.index, registry::change_json(change, now_ms));
}

std::optional<registry::Change::Kind> kind_for(const config::Selector& selector, const Step& step) {
  if (selector.is_empty()) return step.change.kind;
  const bool before = was_chosen(selector, step);
  const bool now = is_chosen(selector, step);
  if (before && now) return step.change.kind;
  if (before) return registry::Change::Kind::removed;
  if (now) return registry::Change::Kind::added;
  return std::nullopt;
}

std::optional<std::uint64_t> index_in(std::string_view last_event_id, std::string_view epoch) {
  const std::size_t dash = last_event_id.rfind('-');
  if (dash == last_event_id.npos || last_event_id.substr(0, dash) != epoch) return std::nullopt;
  const auto position = Position::parse(last_event_id.substr(dash + 1));
  if (!position || position->note > 0) return std::nullopt;
  return position->index;
}

}  // namespace sluice::admin
