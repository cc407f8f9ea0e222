// Policy `random`: a weighted random draw among those who pass (see weighted_draw.h).
#pragma once

#include <vector>

#include "proxy/balance/policy.h"
#include "proxy/balance/weighted_draw.h"

namespace sluice::balance {

class Random final : public Policy {
 public:
  explicit Random(std::vector<Candidate> candidates);
  const Candidate* take(const Question& question) const override;

 private:
  const WeightedDraw draw_;
};

}  // namespace sluice::balance
