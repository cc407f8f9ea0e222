// The commands by which instances come, report and go, and the operator has his word: the request
// that each makes, and the line that tells people what came of it. Pure.
//
//   registered web/10.0.0.7:8080: up, incarnation 1, ttl 30s
//   deregistered web/a: no connections left
//   web/a is draining (admin: deploy)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.h"
#include "proxy/cli/announcement.h"
#include "proxy/cli/remote.h"

namespace sluice::cli {

Order register_order(const Announcement& said, bool wait_applied, bool create);

struct Leaving {
  std::string service;
  std::string id;
  std::optional<config::Duration> drain;     // else what the service's on_remove says
  bool wait = false;                         // answered when the last connection has gone
  std::optional<std::uint64_t> incarnation;  // leave only if this is the one that is registered
};
AdminRequest departure_of(const Leaving& leaving);
Order deregister_order(const Leaving& leaving);

// `admin` is "ready", "drain" or "maint".
Order state_order(const std::string& service, const std::string& id, const std::string& admin,
                  const std::string& reason);

struct Report {
  std::string service;
  std::string id;
  std::optional<std::uint32_t> weight;
  std::optional<double> load;
  std::string status;                        // "" or "up", "warming", "draining", "down", ...
  std::optional<std::uint64_t> incarnation;  // report only if this is the one that is registered
};
AdminRequest heartbeat_of(const Report& report);
Order heartbeat_order(const Report& report);

}  // namespace sluice::cli
