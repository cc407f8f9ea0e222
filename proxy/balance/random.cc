#include "proxy/balance/random.h"

#include <utility>

namespace sluice::balance {

Random::Random(std::vector<Candidate> candidates)
    : Policy(std::move(candidates)), draw_(this->candidates()) {}

const Candidate* Random::take(const Question& question) const {
  return count(draw_.draw(candidates(), question.filter, nullptr, question.cursor, question.weigh),
               question.filter);
}

}  // namespace sluice::balance
