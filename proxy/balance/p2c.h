// Policy `p2c`, the power of two choices (Mitzenmacher 1996): two distinct candidates are drawn by
// weight, and the one with the smaller (load + 1) / weight takes the connection. Nearly as even as
// least connections, at a cost that does not grow with the number of instances.
#pragma once

#include <vector>

#include "proxy/balance/policy.h"
#include "proxy/balance/weighted_draw.h"

namespace sluice::balance {

class TwoChoices final : public Policy {
 public:
  explicit TwoChoices(std::vector<Candidate> candidates);
  const Candidate* take(const Question& question) const override;

 private:
  const WeightedDraw draw_;
};

}  // namespace sluice::balance
