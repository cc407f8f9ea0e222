#include "registry/api.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "registry/json_text.h"

namespace sluice::registry {

namespace {

void append_padded(std::string& out, unsigned number, std::size_t width) {
  const std::string digits = std::to_string(number);
  out.append(width - std::min(width, digits.size()), '0');
  out += digits;
}

// RFC 3339 in UTC with milliseconds, of Unix time.
std::string utc(std::int64_t wall_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds{wall_ms}};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  const struct {
    unsigned number;
    std::size_t width;
    char after;
  } parts[] = {
      {static_cast<unsigned>(static_cast<int>(date.year())), 4, '-'},
      {static_cast<unsigned>(date.month()), 2, '-'},
      {static_cast<unsigned>(date.day()), 2, 'T'},
      {static_cast<unsigned>(time.hours().count()), 2, ':'},
      {static_cast<unsigned>(time.minutes().count()), 2, ':'},
      {static_cast<unsigned>(time.seconds().count()), 2, '.'},
      {static_cast<unsigned>(time.subseconds().count()), 3, 'Z'},
  };
  std::string text;
  for (const auto& part : parts) {
    append_padded(text, part.number, part.width);
    text += part.after;
  }
  return text;
}

void put(JsonText& out, const config::Labels& labels) {
  out.open_object();
  for (const auto& [key, value] : labels) out.add(key, value);
  out.close_object();
}

void put(JsonText& out, const Instance& instance) {
  out.open_object();
  out.add("id", instance.id);
  out.add("address", instance.address.host());
  out.add("port", instance.address.port);
  out.add("state", word(instance.effective.state));
  out.add("reason", instance.effective.reason);
  out.add("admin", word(instance.inputs.admin));
  out.add("lease", word(instance.inputs.lease));
  out.add("check", word(instance.inputs.check));
  out.add("outlier", word(instance.inputs.outlier));
  out.add("breaker", "none");
  out.add("weight", instance.weight);
  out.add("priority", instance.priority);
  out.add("zone", instance.zone);
  out.key("labels");
  put(out, instance.labels);
  out.key("meta");
  put(out, instance.meta);
  out.add("version", instance.version);
  out.add("protocol", instance.protocol);
  out.add("incarnation", instance.incarnation);
  out.add("connections", instance.live->active.load(std::memory_order_relaxed));
  out.add("source", instance.source);
  out.add("since", utc(instance.since_ms));
  out.add("ttl_remaining", nullptr);
  out.close_object();
}

void put(JsonText& out, const Snapshot& snapshot, const Service& service) {
  out.open_object();
  out.add("service", service.name);
  out.add("index", snapshot.index);
  out.add("epoch", snapshot.epoch);
  out.key("instances");
  out.open_array();
  for (const auto& instance : service.instances) put(out, *instance);
  out.close_array();
  out.close_object();
}

void put_all(JsonText& out, const Snapshot& snapshot) {
  out.open_object();
  out.add("index", snapshot.index);
  out.add("epoch", snapshot.epoch);
  out.key("services");
  out.open_array();
  for (const auto& [name, service] : snapshot.services) put(out, snapshot, *service);
  out.close_array();
  out.close_object();
}

}  // namespace

std::string instance_json(const Instance& instance) {
  JsonText out;
  put(out, instance);
  return out.text();
}

std::string service_json(const Snapshot& snapshot, const Service& service) {
  JsonText out;
  put(out, snapshot, service);
  return out.text();
}

std::string services_json(const Snapshot& snapshot) {
  JsonText out;
  put_all(out, snapshot);
  return out.text();
}

}  // namespace sluice::registry
