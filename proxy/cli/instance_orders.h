// The commands by which instances come, report and go, and the operator has his word: the request
// that each makes, and the line that tells people what came of it. Pure.
//
//   registered web/10.0.0.7:8080: up, incarnation 1, ttl 30s
//   deregistered web/a: no connections left
//   web/a is draining (admin: deploy)
#pragma once

#include <string>

#include "proxy/cli/remote.h"
#include "proxy/client/instance_requests.h"

namespace sluice::cli {

Order register_order(const client::Announcement& said, bool wait_applied, bool create);

Order deregister_order(const client::Leaving& leaving);

// `admin` is "ready", "drain" or "maint".
Order state_order(const std::string& service, const std::string& id, const std::string& admin,
                  const std::string& reason);

Order heartbeat_order(const client::Report& report);

}  // namespace sluice::cli
