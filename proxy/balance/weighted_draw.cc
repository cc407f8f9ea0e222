#include "proxy/balance/weighted_draw.h"

#include <algorithm>

namespace sluice::balance {

WeightedDraw::WeightedDraw(std::span<const Candidate> candidates) {
  sums_.reserve(candidates.size());
  std::uint64_t sum = 0;
  for (const Candidate& candidate : candidates) sums_.push_back(sum += candidate.weight);
}

const Candidate* WeightedDraw::draw(std::span<const Candidate> candidates, const Filter& filter,
                                    const Candidate* except, Cursor& cursor, Weigh weigh) const {
  if (candidates.empty()) return nullptr;
  const auto may_be_taken = [&](const Candidate& candidate) {
    return &candidate != except && filter.passes(candidate);
  };
  const auto is_warm_enough = [&](const Candidate& candidate) {
    const std::uint16_t warmth = candidate.live->warmth.load(std::memory_order_relaxed);
    return warmth == registry::kFullWarmth || cursor.random_below(registry::kFullWarmth) < warmth;
  };
  for (int attempt = 0; attempt < kDraws; ++attempt) {
    const Candidate& drawn = any(candidates, cursor);
    if (may_be_taken(drawn) && (!weigh.warms() || is_warm_enough(drawn))) return &drawn;
  }

  std::uint64_t total = 0;
  for (const Candidate& candidate : candidates) {
    if (may_be_taken(candidate)) total += weigh(candidate);
  }
  if (total == 0) return nullptr;
  std::uint64_t left = cursor.random_below(total);
  const Candidate* last = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!may_be_taken(candidate)) continue;
    last = &candidate;
    const std::uint32_t weight = weigh(candidate);
    if (left < weight) break;
    left -= weight;
  }
  return last;
}

const Candidate& WeightedDraw::any(std::span<const Candidate> candidates, Cursor& cursor) const {
  const std::uint64_t at = cursor.random_below(sums_.back());
  const auto place = std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin();
  return candidates[static_cast<std::size_t>(place)];
}

}  // namespace sluice::balance
