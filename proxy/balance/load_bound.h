// How many connections each of some candidates may hold: consistent hashing with bounded loads
// (Mirrokni, Thorup, Zadimoghaddam 2016).
//
// With one connection more than the m that they hold together (pending ones included, over all
// workers), nobody is to have more than
//
//   ceil(c * (m + 1) * w / W)
//
// of them, w being its weight and W the weights of all; with equal weights that is
// ceil(c * (m + 1) / n). One of them always has room, since c is at least 1. Those who take part
// are those who pass the filter: a retry, which passes over who was tried, shares out what the
// others hold.
//
// Lives on the stack of one pick. Costs a walk over the candidates.
#pragma once

#include <cstdint>
#include <span>

#include "proxy/balance/candidate.h"

namespace sluice::balance {

class LoadBound {
 public:
  // c in thousandths, as thousandths() makes it of what the configuration says; 0: no bound.
  static std::uint32_t thousandths(double max_load);

  // Requires: c is 1000 to 100 000.
  LoadBound(std::span<const Candidate> candidates, const Filter& filter, std::uint32_t c);

  bool is_of_nobody() const { return weights_ == 0; }
  // Those who do not pass the filter have a bound of no meaning.
  std::uint64_t most(const Candidate& candidate) const;
  bool has_room(const Candidate& candidate) const;
  // Puts one on its load if it has room, under its own limit too, and nobody else changes the load
  // meanwhile. What was counted at construction is no more than what they hold now, unless
  // connections have ended: so while connections are only made, nobody goes over its bound, however
  // many workers pick.
  bool raise(const Candidate& candidate) const;

 private:
  const std::uint64_t c_;
  std::uint64_t held_ = 0;
  std::uint64_t weights_ = 0;
};

}  // namespace sluice::balance
