// A place under a limit: a count that goes with what is counted.
//
// Taken by one thread and given back by the destructor, perhaps on another. Exact over all workers;
// the count outlives its places.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice::session {

class Place {
 public:
  Place() = default;
  // Takes a place, or nothing (false) if `limit` are taken; 0 is no limit.
  static Place take(std::atomic<std::uint32_t>& taken, std::uint32_t limit);
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~Place() {
    if (taken_ != nullptr) taken_->fetch_sub(1, std::memory_order_relaxed);
  }
  explicit operator bool() const { return taken_ != nullptr; }

 private:
  explicit Place(std::atomic<std::uint32_t>& taken) : taken_(&taken) {}

  std::atomic<std::uint32_t>* taken_ = nullptr;
};

inline Place Place::take(std::atomic<std::uint32_t>& taken, std::uint32_t limit) {
  if (taken.fetch_add(1, std::memory_order_relaxed) < limit || limit == 0) return Place(taken);
  taken.fetch_sub(1, std::memory_order_relaxed);
  return {};
}

}  // namespace sluice::session
