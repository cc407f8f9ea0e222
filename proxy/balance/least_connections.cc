#include "proxy/balance/least_connections.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sluice::balance {
namespace {

// Is this one, as it is now, no worse than the least that was found?
bool is_as_good(const Burden& burden, const Burden& least) {
  return burden <= least || (burden.load == 0 && least.load == 0);
}

bool raise_if_as_good(const Candidate& candidate, const Burden& least, Weigh weigh) {
  Burden burden = Burden::of(candidate, weigh);
  return is_as_good(burden, least) &&
         burden.load < candidate.live->limit.load(std::memory_order_relaxed) &&
         candidate.live->load.compare_exchange_strong(burden.load, burden.load + 1,
                                                      std::memory_order_relaxed);
}

}  // namespace

LeastConnections::LeastConnections(std::vector<Candidate> candidates)
    : Policy(std::move(candidates)),
      weights_are_equal_(
          std::ranges::all_of(this->candidates(), [this](const Candidate& candidate) {
            return candidate.weight == this->candidates().front().weight;
          })) {}

const Candidate* LeastConnections::take(const Question& question) const {
  const Candidate* chosen = nullptr;
  for (int round = 0; round < kRounds; ++round) {
    const Least least = weights_are_equal_ && !question.weigh.warms() ? find_from_place(question)
                                                                      : find_least(question);
    if (least.candidate == nullptr) return nullptr;
    chosen = choose(least, question);
    if (raise_if_as_good(*chosen, least.burden, question.weigh)) break;
    if (round + 1 == kRounds && count(chosen, question.filter) == nullptr) return nullptr;
  }
  question.cursor.place() = static_cast<std::uint64_t>(chosen - candidates().data()) + 1;
  return chosen;
}

// The first of the least, from the cursor's place on and round to it. Nobody is less than idle.
LeastConnections::Least LeastConnections::find_from_place(const Question& question) const {
  Least least;
  const std::size_t size = candidates().size();
  std::size_t at = question.cursor.place() % size;
  for (std::size_t step = 0; step < size; ++step, ++at) {
    if (at == size) at = 0;
    const Candidate& candidate = candidates()[at];
    if (!question.filter.passes(candidate)) continue;
    const Burden burden = Burden::of(candidate, question.weigh);
    if (least.candidate == nullptr || burden.load < least.burden.load) least = {&candidate, burden};
    if (burden.load == 0) break;
  }
  return least;
}

LeastConnections::Least LeastConnections::find_least(const Question& question) const {
  Least least;
  std::size_t idle = 0;
  for (const Candidate& candidate : candidates()) {
    if (!question.filter.passes(candidate)) continue;
    const Burden burden = Burden::of(candidate, question.weigh);
    if (burden.load == 0) ++idle;
    if (least.candidate == nullptr || burden < least.burden) {
      least = {&candidate, burden, false};
    } else if (burden == least.burden) {
      // Of equals the idler one stands for all, so that the order of the list decides nothing.
      if (burden.load < least.burden.load) least = {&candidate, burden, true};
      least.tied = true;
    }
  }
  if (least.burden.load == 0 && idle > 1) least.tied = true;
  return least;
}

const Candidate* LeastConnections::choose(const Least& least, const Question& question) const {
  if (!least.tied) return least.candidate;
  const auto is_tied = [&](const Candidate& candidate) {
    return question.filter.passes(candidate) &&
           is_as_good(Burden::of(candidate, question.weigh), least.burden);
  };
  const Candidate* next = question.turns().next(candidates(), is_tied, question.weigh);
  return next != nullptr ? next : least.candidate;  // null: all of them were taken meanwhile
}

}  // namespace sluice::balance
