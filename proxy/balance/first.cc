#include "proxy/balance/first.h"

#include <utility>

namespace sluice::balance {

First::First(std::vector<Candidate> candidates) : Policy(std::move(candidates)) {}

const Candidate* First::take(const Question& question) const {
  return count(
      first_of([&](const Candidate& candidate) { return question.filter.passes(candidate); }),
      question.filter);
}

}  // namespace sluice::balance
