#include "proxy/admin/reads.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "config/units.h"
#include "registry/json_text.h"
#include "registry/moment.h"

namespace sluice::admin {

namespace {

constexpr std::uint64_t kMostIndex = std::numeric_limits<std::uint64_t>::max();

// Parameters, one by one; the first that is wrong is told.
class Parameters {
 public:
  Parameters(const Request& request, std::string& wrong) : request_(request), wrong_(wrong) {}

  std::string text(std::string_view name) { return request_.parameter(name).value_or(""); }

  std::optional<std::uint64_t> number(std::string_view name) {
    const auto given = request_.parameter(name);
    if (!given) return std::nullopt;
    std::string why;
    const auto number = config::parse_whole(*given, kMostIndex, why);
    if (!number) object(name, why);
    return number;
  }

  std::optional<config::Duration> duration(std::string_view name) {
    const auto given = request_.parameter(name);
    if (!given) return std::nullopt;
    std::string why;
    const auto duration = config::parse_duration(*given, why);
    if (!duration) object(name, why);
    return duration;
  }

  config::Selector selector() {
    config::SelectorProblem problem;
    auto selector = config::Selector::parse(text("selector"), problem);
    if (!selector) object("selector", problem.text());
    return std::move(selector).value_or(config::Selector());
  }

  std::optional<registry::State> state() {
    const auto given = request_.parameter("state");
    if (!given) return std::nullopt;
    const auto state = registry::parse_state(*given);
    if (!state) object("state", "must be up, warming, draining or down");
    return state;
  }

  void object(std::string_view name, const std::string& why) {
    if (wrong_.empty()) wrong_ = std::string(name) + ": " + why;
  }
  bool has(std::string_view name) const { return request_.parameter(name).has_value(); }

 private:
  const Request& request_;
  std::string& wrong_;
};

template <class T>
std::optional<T> unless(const std::string& wrong, T value) {
  if (!wrong.empty()) return std::nullopt;
  return value;
}

std::vector<const Entry*> choose(const Journal& journal, const Looking& looking, Position from) {
  std::vector<const Entry*> chosen;
  for (const Entry& entry : journal.after(from)) {
    const Step* step = std::get_if<Step>(&entry.what);
    if (!looking.service.empty() && (!step || step->change.service != looking.service)) continue;
    chosen.push_back(&entry);
    if (looking.since && chosen.size() == looking.limit) break;
  }
  if (chosen.size() > looking.limit) chosen.erase(chosen.begin(), chosen.end() - looking.limit);
  return chosen;
}

void put(registry::JsonText& out, const Entry& entry) {
  out.open_object();
  out.add("at", entry.at.text());
  if (const Step* step = std::get_if<Step>(&entry.what)) {
    registry::add_change(out, step->change);
    out.add("address", step->change.address);
  } else {
    const Event& event = std::get<Event>(entry.what);
    out.add("index", entry.at.index);
    out.add("time", registry::utc(event.wall_ms));
    out.add("kind", event.kind);
    out.add("text", event.text);
  }
  out.close_object();
}

}  // namespace

std::optional<Read> parse_read(const Request& request, const std::string& service,
                               std::string& wrong) {
  Parameters parameters(request, wrong);
  Read read;
  read.service = service;
  read.index = parameters.number("index");
  read.wait = parameters.duration("wait");
  read.epoch = parameters.text("epoch");
  read.caller = request.caller;
  read.filter.selector = parameters.selector();
  read.filter.state = parameters.state();
  if (read.wait && !parameters.has("index"))
    parameters.object("wait", "needs an index to wait for");
  return unless(wrong, std::move(read));
}

std::optional<Watching> parse_watching(const Request& request, std::string& wrong) {
  Parameters parameters(request, wrong);
  Watching watching;
  watching.subject = {parameters.text("service"), parameters.selector()};
  watching.since = parameters.number("since");
  watching.epoch = parameters.text("epoch");
  watching.last_event_id = request.last_event_id;
  watching.caller = request.caller;
  return unless(wrong, std::move(watching));
}

std::optional<Looking> parse_looking(const Request& request, std::string& wrong) {
  Parameters parameters(request, wrong);
  Looking looking;
  looking.service = parameters.text("service");
  if (const auto given = request.parameter("since")) {
    looking.since = Position::parse(*given);
    if (!looking.since) parameters.object("since", "must be an index, or one and a note's number");
  }
  if (const auto limit = parameters.number("limit")) {
    looking.limit = static_cast<std::size_t>(*limit);
    if (*limit == 0 || *limit > Looking::kMost) parameters.object("limit", "must be 1 to 100000");
  }
  return unless(wrong, std::move(looking));
}

std::optional<config::Selector> parse_selector(const Request& request, std::string& wrong) {
  Parameters parameters(request, wrong);
  auto selector = parameters.selector();
  return unless(wrong, std::move(selector));
}

std::optional<std::uint64_t> index_of(const registry::Snapshot& snapshot,
                                      const std::string& service) {
  if (service.empty()) return snapshot.index;
  const registry::Service* found = snapshot.find(service);
  if (found == nullptr) return std::nullopt;
  return found->index;
}

bool is_due(const registry::Snapshot& snapshot, const Read& read) {
  if (!read.index || *read.index > snapshot.index) return true;
  if (!read.epoch.empty() && read.epoch != snapshot.epoch) return true;
  const auto index = index_of(snapshot, read.service);
  return !index || *index > *read.index;
}

std::optional<std::uint64_t> resumes_at(const Watching& watching, std::string_view epoch) {
  if (!watching.last_event_id.empty()) return index_in(watching.last_event_id, epoch);
  if (!watching.epoch.empty() && watching.epoch != epoch) return std::nullopt;
  return watching.since;
}

Reply with_version(Reply reply, std::uint64_t index, const std::string& epoch) {
  reply.headers.emplace_back("X-Sluice-Index", std::to_string(index));
  reply.headers.emplace_back("X-Sluice-Epoch", epoch);
  return reply;
}

Reply no_such_service(const registry::Snapshot& snapshot, const std::string& service) {
  return with_version(Reply::error(404, "there is no service " + service), snapshot.index,
                      snapshot.epoch);
}

Reply answer(const registry::Snapshot& snapshot, const Read& read, std::uint64_t now_ms) {
  const auto index = index_of(snapshot, read.service);
  if (!index) return no_such_service(snapshot, read.service);
  std::string json =
      read.service.empty()
          ? registry::services_json(snapshot, "", read.filter, now_ms)
          : registry::service_json(snapshot, *snapshot.find(read.service), read.filter, now_ms);
  return with_version(Reply::json(std::move(json)), *index, snapshot.epoch);
}

std::string events_json(const Journal& journal, const Looking& looking,
                        const registry::Snapshot& snapshot) {
  const bool is_foreign = looking.since && looking.since->index > snapshot.index;
  const Position from = is_foreign ? Position{} : looking.since.value_or(Position{});
  const auto chosen = choose(journal, looking, from);
  const bool is_cut = looking.since && chosen.size() == looking.limit;
  const auto kept = journal.after({});
  registry::JsonText out;
  out.open_object();
  out.add("index", snapshot.index);
  out.add("epoch", snapshot.epoch);
  if (kept.empty()) {
    out.add("oldest", nullptr);
  } else {
    out.add("oldest", kept.front().at.text());
  }
  out.add("next", (is_cut ? chosen.back()->at : journal.end()).text());
  out.add("truncated", looking.since && (is_foreign || from < journal.floor()));
  out.key("events");
  out.open_array();
  for (const Entry* entry : chosen) put(out, *entry);
  out.close_array();
  out.close_object();
  return out.text();
}

}  // namespace sluice::admin
