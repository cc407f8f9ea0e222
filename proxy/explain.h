// Where a new connection would go, and why: which of the listener's routes takes it, what a split
// does with it, and the same balancer over copies of the live counts, so
// that asking changes nothing; and whether the client is let in at all, as whoever is connected or,
// where the listener takes PROXY headers, as whom a header names. Pure functions of published
// values; any thread. O(n) in the instances, and for hashing policies a ring or table is built.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/admin/control.h"
#include "registry/snapshot.h"

namespace sluice {

// Who counts for a service at that moment, over all workers.
struct Crowd {
  std::uint32_t connections = 0;  // under limits.connections
  std::uint32_t queued = 0;       // under limits.queue
};

// `fuses` are those of all splits. Of a split, the part with the greatest share is shown. `client`
// is an IP address in its canonical text, or "" for nobody in particular. Nothing: there is no such
// listener.
std::optional<admin::Explanation> explain(const config::Config& config,
                                          const registry::Snapshot& snapshot,
                                          const std::vector<admin::FuseStatus>& fuses,
                                          const std::function<Crowd(const std::string&)>& crowd_of,
                                          const std::string& listener, const std::string& client);

}  // namespace sluice
