#include "proxy/client/catalogue.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "config/endpoint.h"
#include "proxy/client/fields.h"

namespace sluice::client {
namespace {

using nlohmann::json;

constexpr std::string_view kVerdicts[] = {"never", "last_resort", "eligible"};

Verdict verdict_of(std::string_view said) {
  for (std::size_t i = 0; i < std::size(kVerdicts); ++i) {
    if (said == kVerdicts[i]) return static_cast<Verdict>(i);
  }
  return Verdict::never;
}

std::map<std::string, std::string> texts_at(const json& object, const char* key) {
  std::map<std::string, std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return texts;
  for (const auto& [name, value] : found->items()) texts[name] = text_of(value);
  return texts;
}

template <class Number>
Number number_within(const json& object, const char* key) {
  constexpr std::uint64_t kMost = std::numeric_limits<Number>::max();
  return static_cast<Number>(std::min(count_at(object, key), kMost));
}

bool is_reachable(const Instance& instance) {
  std::string why;
  if (instance.address.starts_with("unix:")) {
    return config::Endpoint::parse(instance.address, why).has_value();
  }
  return instance.port != 0 && config::Endpoint::parse_ip(instance.address, why).has_value();
}

// What a change of this instance is called, if it is one.
Change::Kind kind_of(const Instance& before, const Instance& now) {
  Instance as_now = before;
  as_now.state = now.state;
  as_now.reason = now.reason;
  as_now.verdict = now.verdict;
  return as_now == now ? Change::Kind::state : Change::Kind::updated;
}

}  // namespace

std::optional<Instance> instance_of(const json& said) {
  if (!said.is_object()) return std::nullopt;
  Instance instance;
  instance.id = text_at(said, "id");
  instance.address = text_at(said, "address");
  instance.port = number_within<std::uint16_t>(said, "port");
  instance.state = text_at(said, "state");
  instance.reason = text_at(said, "reason");
  instance.weight = number_within<std::uint32_t>(said, "weight");
  instance.priority = number_within<std::uint32_t>(said, "priority");
  instance.zone = text_at(said, "zone");
  instance.labels = texts_at(said, "labels");
  instance.meta = texts_at(said, "meta");
  instance.version = text_at(said, "version");
  instance.protocol = text_at(said, "protocol");
  instance.incarnation = count_at(said, "incarnation");
  instance.verdict = verdict_of(text_at(said, "verdict"));
  if (instance.id.empty() || !is_reachable(instance)) return std::nullopt;
  return instance;
}

json json_of(const Instance& instance) {
  return {{"id", instance.id},
          {"address", instance.address},
          {"port", instance.port},
          {"state", instance.state},
          {"reason", instance.reason},
          {"verdict", kVerdicts[static_cast<std::size_t>(instance.verdict)]},
          {"weight", instance.weight},
          {"priority", instance.priority},
          {"zone", instance.zone},
          {"labels", instance.labels},
          {"meta", instance.meta},
          {"version", instance.version},
          {"protocol", instance.protocol},
          {"incarnation", instance.incarnation}};
}

std::optional<Catalogue::Changes> Catalogue::take(const ServerEvent& event) {
  const bool is_snapshot = event.kind == "snapshot";
  if (!is_snapshot && event.kind != "change") return Changes();
  const json said = json::parse(event.data, nullptr, false);
  if (!said.is_object()) return std::nullopt;
  if (!is_snapshot) return take_change(said);
  std::vector<Instance> instances;
  for (const json& service : list_at(said, "services")) {
    for (const json& each : list_at(service, "instances")) {
      if (auto instance = instance_of(each)) instances.push_back(std::move(*instance));
    }
  }
  return take_all(std::move(instances));
}

std::optional<Catalogue::Changes> Catalogue::take_change(const json& change) {
  const auto told = change.find("instance");
  if (told == change.end() || !told->is_object()) return std::nullopt;
  auto instance = instance_of(*told);
  Changes changes;
  if (!instance) return changes;
  if (text_at(change, "kind") != "removed") {
    put(std::move(*instance), changes);
    return changes;
  }
  const auto found = entries_.find(instance->id);
  const bool is_it = found != entries_.end() && found->second->incarnation == instance->incarnation;
  if (is_it) drop(instance->id, changes);
  return changes;
}

Catalogue::Changes Catalogue::take_all(std::vector<Instance> instances) {
  Changes changes;
  std::set<std::string> gone;
  for (const auto& [id, entry] : entries_) gone.insert(id);
  for (const Instance& instance : instances) gone.erase(instance.id);
  for (const std::string& id : gone) drop(id, changes);
  for (Instance& instance : instances) put(std::move(instance), changes);
  return changes;
}

void Catalogue::put(Instance instance, Changes& changes) {
  Entry& place = entries_[instance.id];
  if (place && *place == instance) return;
  const Entry before = std::exchange(place, std::make_shared<const Instance>(std::move(instance)));
  changes.push_back({before ? kind_of(*before, *place) : Change::Kind::added, place,
                     before ? before->state : std::string()});
}

void Catalogue::drop(const std::string& id, Changes& changes) {
  const auto found = entries_.find(id);
  changes.push_back({Change::Kind::removed, found->second, found->second->state});
  entries_.erase(found);
}

std::vector<Catalogue::Entry> Catalogue::entries() const {
  std::vector<Entry> entries;
  entries.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) entries.push_back(entry);
  return entries;
}

}  // namespace sluice::client
