#include "proxy/balance/keyed.h"

#include <algorithm>

namespace sluice::balance {

const Candidate* Keyed::take(const Question& question) const {
  if (candidates().empty()) return nullptr;
  if (question.key.empty()) return count(next_in_turn(question));
  const std::uint64_t hashed = hash(question.key);
  if (const Candidate* found = walk(question.filter, hashed)) return count(found);
  return count(first_passing(question.filter, hashed % candidates().size()));
}

const Candidate* Keyed::walk(const Filter& filter, std::uint64_t hash) const {
  const std::size_t all = slots();
  if (all == 0) return nullptr;
  const std::size_t bound = std::min(all, 8 * candidates().size() + 64);
  for (std::size_t step = 0, slot = slot_of(hash); step < bound; ++step, ++slot) {
    if (slot == all) slot = 0;
    const Candidate& owner = candidates()[owner_of(slot)];
    if (filter.passes(owner)) return &owner;
  }
  return nullptr;
}

}  // namespace sluice::balance
