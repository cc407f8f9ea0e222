// Policy `least_connections`: the smallest (load + 1) / weight over all workers.
//
// Tied are those of the smallest value, and all idle ones if one of those is idle: ties are
// resolved by smooth weighted round robin, so idle instances share by weight and not by size (as in
// nginx). Where all weights are equal (the usual case) the walk begins after the last one chosen
// and takes the first of the least, which is the same sharing; it ends at the first idle one.
// An instance that is warming up weighs what it has of its weight.
//
// Exact: the load that decided is the one that is raised, by compare and swap. While connections
// are only made, every pick goes to an instance that has the least at that moment, however many
// workers pick. If others win the race each of kRounds times, the last choice stands: off by one or
// two for a moment, rather than a walk without end. At most 2 * kRounds * n steps; without a
// race 1 or 2 * n, and with equal weights no more than it takes to an idle one.
#pragma once

#include <vector>

#include "proxy/balance/policy.h"

namespace sluice::balance {

class LeastConnections final : public Policy {
 public:
  static constexpr int kRounds = 32;

  explicit LeastConnections(std::vector<Candidate> candidates);
  const Candidate* take(const Question& question) const override;

 private:
  struct Least {
    const Candidate* candidate = nullptr;  // null: nobody passes
    Burden burden;
    bool tied = false;  // others are as good
  };
  Least find_from_place(const Question& question) const;  // requires: weights are equal
  Least find_least(const Question& question) const;
  const Candidate* choose(const Least& least, const Question& question) const;

  const bool weights_are_equal_;
};

}  // namespace sluice::balance
