// The registry as JSON, in the shapes of the HTTP API: pure functions of a snapshot. No transport,
// no loop, no clock; safe on any thread. Only `connections` is read live, as of the call.
//
// An instance is one object with the keys id, address, port, state, reason, admin, lease, check,
// outlier, breaker, weight, priority, zone, labels, meta, version, protocol, incarnation,
// connections, source, since and ttl_remaining, in this order. `address` has no port and no
// brackets; that of a unix socket is "unix:/path", its port 0. `since` is RFC 3339 in UTC with
// milliseconds. `lease` and `breaker` are "none" and `ttl_remaining` is null: no instance of this
// version holds a lease or has a breaker.
//
// Strings that are not valid UTF-8 come out with U+FFFD in place of each bad sequence.
#pragma once

#include <string>

#include "registry/snapshot.h"

namespace sluice::registry {

std::string instance_json(const Instance& instance);

// {"service", "index", "epoch", "instances": [...]}; `index` is that of the snapshot. Requires:
// `service` is one of `snapshot`.
std::string service_json(const Snapshot& snapshot, const Service& service);

// {"index", "epoch", "services": [...]}, each of them as service_json() has it.
std::string services_json(const Snapshot& snapshot);

}  // namespace sluice::registry
