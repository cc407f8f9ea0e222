#include "proxy/balance/load_bound.h"

#include <cassert>
#include <cmath>

namespace sluice::balance {

std::uint32_t LoadBound::thousandths(double max_load) {
  return static_cast<std::uint32_t>(std::lround(max_load * 1000));
}

LoadBound::LoadBound(std::span<const Candidate> candidates, const Filter& filter, std::uint32_t c)
    : c_(c) {
  assert(c >= 1000 && c <= 100'000);
  for (const Candidate& candidate : candidates) {
    if (!filter.passes(candidate)) continue;
    held_ += candidate.live->load.load(std::memory_order_relaxed);
    weights_ += candidate.weight;
  }
}

// 17 bits of c and 16 of a weight leave 31 for connections, of which there are fewer descriptors.
std::uint64_t LoadBound::most(const Candidate& candidate) const {
  const std::uint64_t share = 1000 * weights_;
  return (c_ * (held_ + 1) * candidate.weight + share - 1) / share;
}

bool LoadBound::has_room(const Candidate& candidate) const {
  return candidate.live->load.load(std::memory_order_relaxed) < most(candidate);
}

bool LoadBound::raise(const Candidate& candidate) const {
  std::uint32_t load = candidate.live->load.load(std::memory_order_relaxed);
  return load < most(candidate) && load < candidate.live->limit.load(std::memory_order_relaxed) &&
         candidate.live->load.compare_exchange_strong(load, load + 1, std::memory_order_relaxed);
}

}  // namespace sluice::balance
