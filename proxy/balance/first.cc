#include "proxy/balance/first.h"

#include <utility>

namespace sluice::balance {

First::First(std::vector<Candidate> candidates) : Policy(std::move(candidates)) {}

const Candidate* First::take(const Question& question) const {
  return count(first_passing(question.filter));
}

}  // namespace sluice::balance
