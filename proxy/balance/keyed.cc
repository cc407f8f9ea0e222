#include "proxy/balance/keyed.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "proxy/balance/load_bound.h"

namespace sluice::balance {
namespace {

// Has a key of this hash come home already?
bool is_warm_for(const Candidate& owner, std::uint64_t hash) {
  const std::uint16_t warmth = owner.live->warmth.load(std::memory_order_relaxed);
  return warmth == registry::kFullWarmth ||
         XXH64(&hash, sizeof(hash), owner.live->identity.incarnation) % registry::kFullWarmth <
             warmth;
}

}  // namespace

Keyed::Keyed(std::vector<Candidate> candidates, const config::Hash& config)
    : Policy(std::move(candidates)), max_load_(LoadBound::thousandths(config.max_load)) {}

const Candidate* Keyed::take(const Question& question) const {
  if (candidates().empty()) return nullptr;
  if (max_load_ != 0) return take_within_bound(question);
  return count(
      choose(question,
             [&](const Candidate& candidate) { return question.filter.passes(candidate); }),
      question.filter);
}

const Candidate* Keyed::take_within_bound(const Question& question) const {
  const auto passes = [&](const Candidate& candidate) { return question.filter.passes(candidate); };
  for (int round = 0; round < kRounds; ++round) {
    const LoadBound bound(candidates(), question.filter, max_load_);
    if (bound.is_of_nobody()) return nullptr;
    const Candidate* chosen = choose(question, [&](const Candidate& candidate) {
      return passes(candidate) && bound.has_room(candidate);
    });
    if (chosen != nullptr && bound.raise(*chosen)) return chosen;
  }
  return count(choose(question, passes), question.filter);
}

template <class May>
const Candidate* Keyed::choose(const Question& question, May may) const {
  if (question.key.empty()) return question.turns().next(candidates(), may, question.weigh);
  const std::uint64_t hashed = hash(question.key);
  if (question.weigh.warms()) {
    const auto may_now = [&](const Candidate& candidate) {
      return may(candidate) && is_warm_for(candidate, hashed);
    };
    if (const Candidate* found = walk(hashed, may_now)) return found;
  }
  if (const Candidate* found = walk(hashed, may)) return found;
  return first_of(may, hashed % candidates().size());
}

template <class May>
const Candidate* Keyed::walk(std::uint64_t hash, May may) const {
  const std::size_t all = slots();
  if (all == 0) return nullptr;
  const std::size_t bound = std::min(all, 8 * candidates().size() + 64);
  for (std::size_t step = 0, slot = slot_of(hash); step < bound; ++step, ++slot) {
    if (slot == all) slot = 0;
    const Candidate& owner = candidates()[owner_of(slot)];
    if (may(owner)) return &owner;
  }
  return nullptr;
}

}  // namespace sluice::balance
