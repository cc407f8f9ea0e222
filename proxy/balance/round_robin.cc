#include "proxy/balance/round_robin.h"

#include <utility>

namespace sluice::balance {

RoundRobin::RoundRobin(std::vector<Candidate> candidates) : Policy(std::move(candidates)) {}

const Candidate* RoundRobin::take(const Question& question) const {
  return count(question.turns().next(
      candidates(), [&](const Candidate& candidate) { return question.filter.passes(candidate); }));
}

}  // namespace sluice::balance
