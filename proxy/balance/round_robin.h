// Policy `round_robin`: smooth and weighted (see turns.h), worker by worker, each worker starting
// at another place of the sequence. One pass over the candidates.
#pragma once

#include <vector>

#include "proxy/balance/policy.h"

namespace sluice::balance {

class RoundRobin final : public Policy {
 public:
  explicit RoundRobin(std::vector<Candidate> candidates);
  const Candidate* take(const Question& question) const override;
};

}  // namespace sluice::balance
