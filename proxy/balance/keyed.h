// What the two hashing policies have in common: a closed row of slots, each owned by a candidate,
// and a key's slot in it.
//
// If the owner of the key's slot does not pass, the walk goes on from slot to slot to the next
// owner who does: the keys of an instance that is down spread over the others, and no other key
// moves. The walk is bounded by 8 * n + 64 slots; past them (nearly everybody is down) the
// candidates themselves are searched, from a place that the key decides. A connection without a key
// takes its turn by smooth weighted round robin.
//
// With a slow start, the keys of an instance that is warming up come home one after the other: at
// each moment as many of them as it has of its weight, by a second hash, the same on all workers;
// the others go on as if it were down. Rings and tables stay what they are, and who is over a
// bound goes by full weights.
//
// With hash.max_load, who has no room (load_bound.h) is passed over in the same way: what a key
// has too much of overflows to the next ones on the ring, or in the slots that follow in the table,
// always in the same order, and the other keys stay at home while their home has room. The load
// that was found to be within the bound is the one that is raised; if others win that race each of
// kRounds times, the bound is let go for this once, rather than a walk without end. A pick then
// costs a walk over all candidates besides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/balance/policy.h"

namespace sluice::balance {

class Keyed : public Policy {
 public:
  static constexpr int kRounds = 32;

  const Candidate* take(const Question& question) const final;

 protected:
  Keyed(std::vector<Candidate> candidates, const config::Hash& config);

 private:
  virtual std::uint64_t hash(std::string_view key) const = 0;
  virtual std::size_t slots() const = 0;
  virtual std::size_t slot_of(std::uint64_t hash) const = 0;   // below slots()
  virtual std::uint32_t owner_of(std::size_t slot) const = 0;  // a place in candidates()

  const Candidate* take_within_bound(const Question& question) const;
  template <class May>
  const Candidate* choose(const Question& question, May may) const;
  template <class May>
  const Candidate* walk(std::uint64_t hash, May may) const;

  const std::uint32_t max_load_;  // in thousandths; 0: no bound
};

}  // namespace sluice::balance
