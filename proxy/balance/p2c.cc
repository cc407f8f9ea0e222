#include "proxy/balance/p2c.h"

#include <utility>

namespace sluice::balance {

TwoChoices::TwoChoices(std::vector<Candidate> candidates)
    : Policy(std::move(candidates)), draw_(this->candidates()) {}

const Candidate* TwoChoices::take(const Question& question) const {
  const Candidate* one =
      draw_.draw(candidates(), question.filter, nullptr, question.cursor, question.weigh);
  if (one == nullptr) return nullptr;
  const Candidate* other =
      draw_.draw(candidates(), question.filter, one, question.cursor, question.weigh);
  const bool other_is_better =
      other != nullptr && Burden::of(*other, question.weigh) < Burden::of(*one, question.weigh);
  return count(other_is_better ? other : one, question.filter);
}

}  // namespace sluice::balance
