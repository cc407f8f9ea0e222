#include "registry/api.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace sluice::registry {

namespace {

using Json = nlohmann::ordered_json;

// RFC 3339 in UTC with milliseconds, of Unix time.
std::string utc(std::int64_t wall_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds{wall_ms}};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

Json object(const config::Labels& labels) {
  Json json = Json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

Json object(const Instance& instance) {
  return {
      {"id", instance.id},
      {"address", instance.address.host()},
      {"port", instance.address.port},
      {"state", word(instance.effective.state)},
      {"reason", instance.effective.reason},
      {"admin", word(instance.inputs.admin)},
      {"lease", word(instance.inputs.lease)},
      {"check", word(instance.inputs.check)},
      {"outlier", word(instance.inputs.outlier)},
      {"breaker", "none"},
      {"weight", instance.weight},
      {"priority", instance.priority},
      {"zone", instance.zone},
      {"labels", object(instance.labels)},
      {"meta", object(instance.meta)},
      {"version", instance.version},
      {"protocol", instance.protocol},
      {"incarnation", instance.incarnation},
      {"connections", instance.live->active.load(std::memory_order_relaxed)},
      {"source", instance.source},
      {"since", utc(instance.since_ms)},
      {"ttl_remaining", nullptr},
  };
}

Json object(const Snapshot& snapshot, const Service& service) {
  Json instances = Json::array();
  for (const auto& instance : service.instances) instances.push_back(object(*instance));
  return {
      {"service", service.name},
      {"index", snapshot.index},
      {"epoch", snapshot.epoch},
      {"instances", std::move(instances)},
  };
}

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string instance_json(const Instance& instance) {
  return text(object(instance));
}

std::string service_json(const Snapshot& snapshot, const Service& service) {
  return text(object(snapshot, service));
}

std::string services_json(const Snapshot& snapshot) {
  Json services = Json::array();
  for (const auto& [name, service] : snapshot.services) {
    services.push_back(object(snapshot, *service));
  }
  return text({
      {"index", snapshot.index},
      {"epoch", snapshot.epoch},
      {"services", std::move(services)},
  });
}

}  // namespace sluice::registry
