// Smooth weighted round robin: whose turn it is, one number a member.
//
// The rule is nginx's (commit 21ad7d043): at each turn, everyone who takes part gains his weight;
// he who has most is chosen, the first of equals, and pays what all gained together. Weights
// {5,1,1} give a a b a c a a. Who does not take part in a turn neither gains nor pays, so an
// instance that comes back has no arrears to catch up on.
//
// Belongs to one worker's Cursor. Aligned with one version of a service's members at a time; the
// numbers of instances that did not change are carried over, a new instance starts at 0.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proxy/balance/candidate.h"
#include "proxy/balance/member.h"

namespace sluice::balance {

class Turns {
 public:
  // The version that next() works for; 0: none yet.
  std::uint64_t version() const { return version_; }

  // Aligns with `members`, which are in order of their ids, in one merge of old and new. True if no
  // number could be carried over: everybody starts anew.
  // `unit`: what a weight of 1 gains from here on; numbers that are carried over are converted.
  bool align(std::uint64_t version, const std::vector<Member>& members, std::uint32_t unit = 1);

  // Gives one turn among the candidates for whom takes_part(candidate) is true, asked once each;
  // null: nobody took part. Requires: candidates of the version that was aligned with.
  template <class TakesPart>
  const Candidate* next(std::span<const Candidate> candidates, TakesPart&& takes_part,
                        Weigh weigh = {}) {
    const Candidate* best = nullptr;
    std::int64_t gained = 0;
    for (const Candidate& candidate : candidates) {
      if (!takes_part(candidate)) continue;
      const std::uint32_t weight = weigh(candidate);
      credit_[candidate.member] += weight;
      gained += weight;
      if (best == nullptr || credit_[candidate.member] > credit_[best->member]) best = &candidate;
    }
    if (best != nullptr) credit_[best->member] -= gained;
    return best;
  }

  // What a member has gained and not paid, by its place among the members.
  std::int64_t credit(std::uint32_t member) const { return credit_[member]; }

 private:
  std::uint64_t version_ = 0;
  std::uint32_t unit_ = 1;
  std::vector<std::int64_t> credit_;  // by the member's place in its version
  // Whose each number is. Shared, for an address alone might by now be a newcomer's.
  std::vector<std::shared_ptr<const registry::Live>> whose_;
};

}  // namespace sluice::balance
