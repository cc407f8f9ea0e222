#include "config/check.h"

#include <limits>
#include <string>
#include <string_view>

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
  } else if (!bind->is_loopback()) {
    site.key("bind").error(
        admin.bind +
        " is not loopback: the API would be open to the network, which needs tokens, "
        "which are not available in this version");
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
