// What the two hashing policies have in common: a closed row of slots, each owned by a candidate,
// and a key's slot in it.
//
// If the owner of the key's slot does not pass, the walk goes on from slot to slot to the next
// owner who does: the keys of an instance that is down spread over the others, and no other key
// moves. The walk is bounded by 8 * n + 64 slots; past them (nearly everybody is down) the
// candidates themselves are searched, from a place that the key decides. A connection without a key
// takes its turn by smooth weighted round robin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/balance/policy.h"

namespace sluice::balance {

class Keyed : public Policy {
 public:
  const Candidate* take(const Question& question) const final;

 protected:
  using Policy::Policy;

 private:
  virtual std::uint64_t hash(std::string_view key) const = 0;
  virtual std::size_t slots() const = 0;
  virtual std::size_t slot_of(std::uint64_t hash) const = 0;   // below slots()
  virtual std::uint32_t owner_of(std::size_t slot) const = 0;  // a place in candidates()

  const Candidate* walk(const Filter& filter, std::uint64_t hash) const;
};

}  // namespace sluice::balance
