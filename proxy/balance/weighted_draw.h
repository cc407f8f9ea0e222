// Weighted random draws among the candidates who pass a filter.
//
// A draw is a binary search in the running sums of the weights; one who does not pass is put back
// and drawn again, which leaves the odds of the others in proportion. After kDraws misses (most are
// down) the passing ones are summed up and drawn from directly: the odds are the same, the cost is
// 2 * n. One who is warming up is put back as often as he has less than his weight. Immutable; any
// thread. The verdicts may change between the two walks: then anyone who passes is taken.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/balance/candidate.h"
#include "proxy/balance/cursor.h"

namespace sluice::balance {

class WeightedDraw {
 public:
  static constexpr int kDraws = 8;

  // Keeps no reference to the candidates.
  explicit WeightedDraw(std::span<const Candidate> candidates);

  // One who passes and is not `except` (null: nobody is excepted); null: there is none.
  // Requires: the same candidates as at construction.
  const Candidate* draw(std::span<const Candidate> candidates, const Filter& filter,
                        const Candidate* except, Cursor& cursor, Weigh weigh) const;

 private:
  const Candidate& any(std::span<const Candidate> candidates, Cursor& cursor) const;

  std::vector<std::uint64_t> sums_;  // of the weights up to and including each place
};

}  // namespace sluice::balance
