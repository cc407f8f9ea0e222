// Policy `least_connections`: the smallest (load + 1) / weight over all workers.
//
// Tied are those of the smallest value, and all idle ones if one of those is idle: ties are
// resolved by smooth weighted round robin, so idle instances share by weight and not by size (as in
// nginx).
//
// Exact: the load that decided is the one that is raised, by compare and swap. While connections
// are only made, every pick goes to an instance that has the least at that moment, however many
// workers pick. If others win the race each of kRounds times, the last choice stands: off by one or
// two for a moment, rather than a walk without end. At most 2 * kRounds * n steps, and 1 or 2 * n
// without a race.
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
  Least find_least(const Filter& filter) const;
  const Candidate* choose(const Least& least, const Question& question) const;
};

}  // namespace sluice::balance
