#include "registry/api.h"

#include <algorithm>

#include "config/units.h"
#include "registry/moment.h"

namespace sluice::registry {

namespace {

void put(JsonText& out, const config::Labels& labels) {
  out.open_object();
  for (const auto& [key, value] : labels) out.add(key, value);
  out.close_object();
}

// Seconds with as many decimals as it takes: "30s", "29.5s", "0.012s".
std::string seconds(std::uint64_t ms) {
  std::string text = std::to_string(ms / 1000);
  if (ms % 1000 != 0) {
    const std::string fraction = std::to_string(1000 + ms % 1000);
    text += '.' + fraction.substr(1, fraction.find_last_not_of('0'));
  }
  return text + 's';
}

void put_ttl_remaining(JsonText& out, const Instance& instance, std::uint64_t now_ms) {
  if (const auto left = ttl_remaining(instance, now_ms)) return out.add("ttl_remaining", *left);
  out.add("ttl_remaining", nullptr);
}

void put_ttl(JsonText& out, const Instance& instance) {
  if (instance.ttl_ms == 0) return out.add("ttl", nullptr);
  out.add("ttl", config::text(config::Duration{instance.ttl_ms}));
}

void put(JsonText& out, const Instance& instance, std::uint64_t now_ms) {
  out.open_object();
  out.add("id", *instance.id);
  out.add("address", instance.address.host());
  out.add("port", instance.address.port);
  out.add("state", word(instance.effective.state));
  out.add("reason", *instance.effective.reason);
  out.add("admin", word(instance.inputs.admin));
  out.add("lease", word(instance.inputs.lease));
  out.add("check", word(instance.inputs.check));
  out.add("outlier", word(instance.inputs.outlier));
  out.add("breaker", word(instance.inputs.breaker));
  out.add("weight", instance.weight);
  out.add("priority", instance.priority);
  out.add("zone", *instance.zone);
  out.key("labels");
  put(out, *instance.labels);
  out.key("meta");
  put(out, *instance.meta);
  out.add("version", *instance.version);
  out.add("protocol", *instance.protocol);
  out.add("incarnation", instance.incarnation);
  out.add("connections", instance.live->active.load(std::memory_order_relaxed));
  out.add("source", *instance.source);
  out.add("since", utc(instance.since_ms));
  put_ttl_remaining(out, instance, now_ms);
  put_ttl(out, instance);
  out.add("load", instance.live->reported_load.load(std::memory_order_relaxed));
  out.add("verdict", word(instance.effective.verdict));
  if (!instance.inputs.outlier_reason.empty()) {
    out.add("outlier_reason", *instance.inputs.outlier_reason);
  }
  if (!instance.inputs.breaker_reason.empty()) {
    out.add("breaker_reason", *instance.inputs.breaker_reason);
  }
  if (!instance.own_check.empty()) {
    out.key("check_settings");
    out.put_object(instance.own_check->json());
  }
  out.close_object();
}

void put(JsonText& out, const Snapshot& snapshot, const Service& service, const Filter& filter,
         std::uint64_t now_ms) {
  out.open_object();
  out.add("service", service.name);
  out.add("index", service.index);
  out.add("epoch", snapshot.epoch);
  out.key("instances");
  out.open_array();
  for (const auto& instance : service.instances) {
    if (filter.holds(*instance)) put(out, *instance, now_ms);
  }
  out.close_array();
  out.close_object();
}

}  // namespace

std::optional<std::string> ttl_remaining(const Instance& instance, std::uint64_t now_ms) {
  const std::uint64_t ends_ms = instance.live->lease_ends_ms.load(std::memory_order_relaxed);
  if (ends_ms == 0) return std::nullopt;
  return seconds(ends_ms - std::min(ends_ms, now_ms));
}

bool Filter::holds(const Instance& instance) const {
  return (!state || instance.effective.state == *state) && selector.matches(*instance.labels);
}

std::string Filter::text() const {
  return std::string(state ? word(*state) : "") + ' ' + selector.text();
}

std::string_view word(Change::Kind kind) {
  static constexpr std::string_view kWords[] = {"added", "removed", "updated", "state"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string instance_json(const Instance& instance, std::uint64_t now_ms) {
  JsonText out;
  put(out, instance, now_ms);
  return out.text();
}

std::string service_json(const Snapshot& snapshot, const Service& service, const Filter& filter,
                         std::uint64_t now_ms) {
  JsonText out;
  put(out, snapshot, service, filter, now_ms);
  return out.text();
}

std::string services_json(const Snapshot& snapshot, std::string_view of, const Filter& filter,
                          std::uint64_t now_ms) {
  JsonText out;
  out.open_object();
  out.add("index", snapshot.index);
  out.add("epoch", snapshot.epoch);
  out.key("services");
  out.open_array();
  if (of.empty()) {
    for (const auto& service : snapshot.services) {
      put(out, snapshot, *service, filter, now_ms);
    }
  } else if (const Service* service = snapshot.find(of)) {
    put(out, snapshot, *service, filter, now_ms);
  }
  out.close_array();
  out.close_object();
  return out.text();
}

void add_change(JsonText& out, const Change& change) {
  out.add("index", change.index);
  out.add("time", utc(change.wall_ms));
  out.add("kind", word(change.kind));
  out.add("service", change.service);
  out.add("id", change.id);
  out.add("incarnation", change.incarnation);
  out.add("from", word(change.from));
  out.add("to", word(change.to));
  out.add("reason", change.reason);
}

std::string change_json(const Change& change, std::uint64_t now_ms) {
  JsonText out;
  out.open_object();
  add_change(out, change);
  out.key("instance");
  put(out, *change.instance, now_ms);
  out.close_object();
  return out.text();
}

}  // namespace sluice::registry
