// Active checks: probes every instance of every service that has a check, and those that brought
// settings of their own along (config/own_check.h), spread evenly, on the control loop.
//
// Owned by the server, used on the control loop's thread. Reports each probe to the registry
// through `report`. Destroying the Checker abandons the probes under way; `report` itself must not
// do so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "config/config.h"
#include "proxy/health/history.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "registry/registry.h"

namespace sluice::health {

struct ProbeReport {
  std::shared_ptr<registry::Live> instance;
  registry::Probe probe;
  std::uint64_t duration_us = 0;
};

class Checker {
 public:
  // Bounds on all checks together. Who is due beyond them waits in line, first come first served,
  // so overload stretches the intervals and starves nobody. 64 a tick are 8 000 probes a second.
  static constexpr std::size_t kMaxInFlight = 512;
  static constexpr std::size_t kMaxStartsPerTick = 64;  // a tick is net::Wheel::kTickMs

  // `report` takes in the probe and answers whether the verdict is changing, i.e. whether the next
  // probe comes at the fast interval. It may call sync() and probe_soon(). A probe that failed for
  // want of file descriptors or ports of our own says nothing about the instance: it is not
  // reported and comes again after the fast interval.
  using Report = std::function<bool(const ProbeReport&)>;
  Checker(net::Loop& loop, net::Poller& poller, net::Wheel& wheel, Report report);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Probes exactly the instances of `snapshot` that have a check: that of their service in
  // `services`, or what their own settings make of it. An instance that stays with the same check
  // keeps its rhythm, and a probe under way goes on; one that left is reported no more. A new one
  // is probed at the next tick, many new ones kMaxStartsPerTick at a time (4 000 within the 500 ms
  // that are half a default timeout), their next probes spread evenly over the interval. O(n) in
  // the instances of the snapshot and of the one before.
  void sync(const registry::Snapshot& snapshot, const std::vector<config::Service>& services);

  // An instance that has come, or changed its settings, and one that has left, between two calls of
  // sync(): the first is probed by the check that its service had then, as sync() would. O(log n).
  void add(const registry::Instance& instance);
  void remove(const registry::Live& instance);

  // Has an instance probed without waiting for its turn (it fell under suspicion), unless it is
  // being probed, and no sooner than 100 ms after its last probe started. Unknown instances are
  // ignored.
  void probe_soon(const registry::Live& instance);

  // The last results of an instance's checks, oldest first; none of one that is not checked. They
  // stay when what it is checked by changes.
  std::vector<CheckResult> history(const registry::Live& instance) const;

  std::size_t scheduled() const;  // instances under check
  std::size_t in_flight() const;  // probes under way

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::health
