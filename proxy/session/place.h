// A place among those that are counted: the count goes with the object that holds the place.
//
// Taken on one thread and given back by the destructor, perhaps on another. Exact over all workers;
// the count outlives its places. Who reads (acquire) that a place is free also sees what its holder
// had counted elsewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "proxy/session/turnstile.h"

namespace sluice::session {

class Place {
 public:
  Place() = default;
  // Takes a place, or nothing (false) if `limit` are taken; 0 is no limit.
  static Place take(std::atomic<std::uint32_t>& taken, std::uint32_t limit);
  // Takes a place if `seen` are taken still; nothing (false) if it has become another number.
  static Place take_after(std::atomic<std::uint32_t>& taken, std::uint32_t seen);
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~Place() {
    if (taken_ != nullptr) taken_->fetch_sub(1);  // before a look at who waits for one
  }
  explicit operator bool() const { return taken_ != nullptr; }

 private:
  explicit Place(std::atomic<std::uint32_t>& taken) : taken_(&taken) {}

  std::atomic<std::uint32_t>* taken_ = nullptr;
};

// What is not to be had is not counted for a moment either: nobody else is refused for it.
inline Place Place::take(std::atomic<std::uint32_t>& taken, std::uint32_t limit) {
  if (limit == 0) {
    taken.fetch_add(1, std::memory_order_relaxed);
    return Place(taken);
  }
  std::uint32_t seen = taken.load();
  while (seen < limit) {
    if (taken.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return Place(taken);
  }
  return {};
}

inline Place Place::take_after(std::atomic<std::uint32_t>& taken, std::uint32_t seen) {
  if (taken.compare_exchange_strong(seen, seen + 1, std::memory_order_relaxed)) return Place(taken);
  return {};
}

// What one connection is counted in from the moment that it is let in to its end, whoever has it.
struct Places {
  Place process;           // under process.max_connections
  Place listener;          // under limits.connections
  Place worker;            // among the connections of the worker that carries it, or is going to
  Turnstile::Seat source;  // among those of its source; kept by a route, which has the turnstile
  Place service;           // under the service's limits.connections, from its first pick
};

}  // namespace sluice::session
