#include "config/check.h"

#include <limits>
#include <string>
#include <string_view>

#include "config/cidr.h"
#include "config/printable.h"
#include "config/within.h"

namespace sluice::config {
namespace {

constexpr std::uint32_t kMaxWorkers = 1024;

void check_log(const Log& log, const Site& site) {
  if (log.target == "stderr" || log.target == "stdout") return;
  const Site target = site.key("target");
  if (has_control(log.target)) {
    target.error("the path of the log must not hold control characters");
  } else if (log.target.find('/') == std::string::npos) {
    target.error(in_quotes(log.target) +
                 " is neither stderr nor stdout; a file's path holds a \"/\"");
  }
}

bool is_host_name(std::string_view host) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
  return !host.empty() && host.size() <= 253 && host.find_first_not_of(kAllowed) == host.npos;
}

void check_admin(const Admin& admin, const Site& site) {
  std::string why;
  const auto bind = Endpoint::parse(admin.bind, why);
  if (!bind) {
    site.key("bind").error(why);
  } else if (!bind->is_loopback() && admin.tokens_file.empty()) {
    site.key("bind").error(admin.bind +
                           " is not loopback: the API would be open to the network, which needs "
                           "admin.tokens_file");
  }
  if (has_control(admin.tokens_file)) {
    site.key("tokens_file").error("a path must not hold control characters");
  }
  for (std::size_t i = 0; i < admin.allowed_hosts.size(); ++i) {
    if (is_host_name(admin.allowed_hosts[i])) continue;
    site.key("allowed_hosts")
        .item(i)
        .error(in_quotes(admin.allowed_hosts[i]) + " is not a host name");
  }
  const Site limits = site.key("limits");
  within(limits.key("connections"), admin.limits.connections, 1, 1'000'000);
  within(limits.key("body"), admin.limits.body, {1}, {64u << 20});
  within(limits.key("header"), admin.limits.header, {256}, {1u << 20});
  within(limits.key("deadline"), admin.limits.deadline, 10ms, kLongestDuration);
}

void check_leases(const Registry& registry, const Site& site) {
  const Site ttl = site.key("ttl");
  within(ttl.key("min"), registry.ttl.min, 100ms, kLongestDuration);
  within(ttl.key("max"), registry.ttl.max, 100ms, kLongestDuration);
  if (registry.ttl.max < registry.ttl.min) {
    ttl.key("max").error("max (" + text(registry.ttl.max) + ") is below min (" +
                         text(registry.ttl.min) + ")");
  } else {
    within(ttl.key("default"), registry.ttl.default_, registry.ttl.min, registry.ttl.max);
  }
  within(site.key("on_expire").key("delete_after"), registry.on_expire.delete_after, 0ms,
         kLongestDuration);
  within(site.key("self_preservation").key("threshold"), registry.self_preservation.threshold, 0.0,
         1.0);
}

void check_flap(const Flap& flap, const Site& site) {
  within(site.key("penalty"), flap.penalty, 0, 1'000'000);
  within(site.key("half_life"), flap.half_life, 1ms, kLongestDuration);
  within(site.key("suppress"), flap.suppress, 1, 1'000'000'000);
  within(site.key("reuse"), flap.reuse, 1, 1'000'000'000);
  if (flap.reuse >= flap.suppress) {
    site.key("reuse").error("reuse (" + std::to_string(flap.reuse) + ") is not below suppress (" +
                            std::to_string(flap.suppress) + ")");
  }
}

void check_allow(const std::vector<std::string>& allow, const Site& site) {
  for (std::size_t i = 0; i < allow.size(); ++i) {
    std::string why;
    if (!Cidr::parse(allow[i], why)) site.item(i).error(why);
  }
}

void check_registry(const Registry& registry, const Site& site) {
  const Site path = site.key("store").key("path");
  if (registry.store.path.empty() || has_control(registry.store.path)) {
    path.error("the path of the store must not be empty nor hold control characters");
  }
  check_leases(registry, site);
  check_flap(registry.flap, site.key("flap"));
  check_allow(registry.allow, site.key("allow"));
  const Site watch = site.key("watch");
  within(watch.key("max_wait"), registry.watch.max_wait, 1ms, kLongestDuration);
  within(watch.key("default_wait"), registry.watch.default_wait, 1ms, registry.watch.max_wait);
  within(watch.key("history"), registry.watch.history, 1, 10'000'000);
}

}  // namespace

void check_process(const Config& config, const Site& root) {
  if (config.version != 1) {
    root.key("version").error("version " + std::to_string(config.version) +
                              " is not known; write 1");
  }
  const Site process = root.key("process");
  within(process.key("workers"), config.process.workers.count.value_or(1), 1, kMaxWorkers);
  within(process.key("max_connections"), config.process.max_connections.count.value_or(1), 1,
         std::numeric_limits<std::uint32_t>::max());
  check_log(config.log, root.key("log"));
  check_admin(config.admin, root.key("admin"));
  check_registry(config.registry, root.key("registry"));
}

void check(const Config& config, const Site& root) {
  check_process(config, root);
  check_policies(config.listener_defaults, root.key("defaults"));
  check_policies(config.service_defaults, root.key("defaults"));
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    check_policies(config.listeners[i], root.key("listeners").item(i));
  }
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    check_policies(config.services[i], root.key("services").item(i));
  }
  check_topology(config, root);
  check_circles(config, root);
}

}  // namespace sluice::config
