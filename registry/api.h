// The registry as JSON, in the shapes of the HTTP API: pure functions of what was published. No
// transport, no loop, no clock; safe on any thread. Only an instance's `connections`,
// `ttl_remaining` and `load` are read live, as of the call.
//
// An instance is one object with the keys id, address, port, state, reason, admin, lease, check,
// outlier, breaker, weight, priority, zone, labels, meta, version, protocol, incarnation,
// connections, source, since, ttl_remaining, ttl, load and verdict, in this order, and
// check_settings, if it brought some along: what it said (config/own_check.h), while `check` is the
// verdict of the check. `address` has no port and no brackets; that of a unix socket is
// "unix:/path", its port 0. `since` is RFC 3339 in UTC with milliseconds. `ttl_remaining` is what
// is left of the lease at `now_ms` (monotonic, as Live has its end), in seconds, "29.5s", and "0s"
// once it is over; `ttl` is the whole of it, "30s"; both are null without a lease. `load` is what
// the instance reported last, or null. `breaker` is "none": no instance of this version has one.
// `verdict` is what a balancer may do with it: "eligible", "last_resort" (taken when nobody else is
// left) or "never"; it belongs to the version that is read, like `state`, so that no change of it
// goes without an index.
//
// The index of a service is that of the last change of anything in it, so that it stays the same
// while nothing does, and whoever waits for one after it waits for a change of this service.
//
// Strings that are not valid UTF-8 come out with U+FFFD in place of each bad sequence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/selector.h"
#include "registry/json_text.h"
#include "registry/registry.h"
#include "registry/snapshot.h"

namespace sluice::registry {

// Which instances are wanted; all, unless something is said.
struct Filter {
  config::Selector selector;
  std::optional<State> state;

  bool holds(const Instance& instance) const;
  std::string text() const;  // the same for filters that ask for the same
};

// What is left of its lease; nullopt: it has none.
std::optional<std::string> ttl_remaining(const Instance& instance, std::uint64_t now_ms);

std::string_view word(Change::Kind kind);  // "added", "removed", "updated", "state"

std::string instance_json(const Instance& instance, std::uint64_t now_ms);

// {"service", "index", "epoch", "instances": [...]}. Requires: `service` is one of `snapshot`.
std::string service_json(const Snapshot& snapshot, const Service& service, const Filter& filter,
                         std::uint64_t now_ms);

// {"index", "epoch", "services": [...]}, each of them as service_json() has it, `index` that of the
// snapshot. `of`: the one service that is wanted, or none if it is not there; "": all.
std::string services_json(const Snapshot& snapshot, std::string_view of, const Filter& filter,
                          std::uint64_t now_ms);

// {"index", "time", "kind", "service", "id", "incarnation", "from", "to", "reason", "instance"}.
// Requires: the change has its instance.
std::string change_json(const Change& change, std::uint64_t now_ms);

// The same but the instance, as members of the object that is open.
void add_change(JsonText& out, const Change& change);

}  // namespace sluice::registry
