// The workers as they see each other: how many connections each has, and where to leave one for it.
//
// A connection counts for the worker that is to carry it from the moment that the worker is chosen:
// on its way there, too, so that a burst does not run to one worker. The count is a Place that goes
// with the connection; the thread that chooses adds, and the one that ends the connection takes
// off. Each worker's count has a cache line of its own, which the others only read when they
// choose.
//
// Made by the control loop, and outlives the workers. What is left in it is closed by its
// destructor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/net/address.h"
#include "proxy/net/fd.h"
#include "proxy/net/latest.h"
#include "proxy/net/loop.h"
#include "proxy/session/place.h"
#include "proxy/session/route.h"

namespace sluice::session {

// A connection that one worker has accepted and let in, and another is to carry.
struct Arrival {
  net::Fd socket;
  net::Peer client;
  std::shared_ptr<const Route> route;  // that it was let in by
  Places places;                       // goes before the route, whose cells it is counted in
};

class Crew {
 public:
  explicit Crew(std::size_t workers) : berths_(workers) {}

  // Any thread: connections that the worker has, or has been chosen for.
  std::uint32_t connections(std::size_t worker) const {
    return berths_[worker].connections.load(std::memory_order_acquire);
  }

  // A place with this worker, whatever the others have. Touches nobody else's memory.
  Place take(std::size_t worker) { return Place::take(berths_[worker].connections, 0); }

  // A place with the worker that has the fewest connections; `own` if nobody has fewer than it, or
  // else the next one after it. Exact among any number that choose at once, each of them taking its
  // place only if what it saw still holds; after kTries it takes the place all the same.
  struct Choice {
    std::size_t worker = 0;
    Place place;
  };
  static constexpr int kTries = 16;
  Choice take_least(std::size_t own);

  // Has `bell` rung whenever something is left for the worker. Before the workers run; the bell
  // lives until all of them have ended.
  void open(std::size_t worker, net::Bell& bell) { berths_[worker].bell = &bell; }
  // Any thread. Requires: open(worker).
  void hand_over(std::size_t worker, Arrival arrival);
  // Any thread: rings every worker's bell, for there is room where some may have clients waiting.
  // Requires: all are open.
  void wake();
  // The worker's own thread: what has been left for it, oldest first.
  std::vector<Arrival> take_arrivals(std::size_t worker) {
    return berths_[worker].arrivals.take_all();
  }

 private:
  struct Berth {
    alignas(64) std::atomic<std::uint32_t> connections{0};
    alignas(64) net::Mailbox<Arrival> arrivals;
    net::Bell* bell = nullptr;
  };
  std::vector<Berth> berths_;
};

}  // namespace sluice::session
