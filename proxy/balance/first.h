// Policy `first`: the first in order of ids who passes. With priorities this makes one instance the
// primary and the others its stand-ins, in a fixed order.
#pragma once

#include <vector>

#include "proxy/balance/policy.h"

namespace sluice::balance {

class First final : public Policy {
 public:
  explicit First(std::vector<Candidate> candidates);
  const Candidate* take(const Question& question) const override;
};

}  // namespace sluice::balance
