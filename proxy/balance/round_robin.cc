#include "proxy/balance/round_robin.h"

#include <utility>

namespace sluice::balance {

RoundRobin::RoundRobin(std::vector<Candidate> candidates) : Policy(std::move(candidates)) {}

const Candidate* RoundRobin::take(const Question& question) const {
  const auto passes = [&](const Candidate& candidate) { return question.filter.passes(candidate); };
  return count(question.turns().next(candidates(), passes, question.weigh), question.filter);
}

}  // namespace sluice::balance
