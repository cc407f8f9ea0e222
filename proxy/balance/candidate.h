// A member in the compact form that policies walk over, and the question whether it may be chosen.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>

#include "proxy/balance/tried.h"
#include "registry/live.h"

namespace sluice::balance {

struct Candidate {
  registry::Live* live = nullptr;  // never null; kept alive by the balancer's member
  std::uint32_t weight = 1;        // never 0: who takes nothing is no candidate
  std::uint32_t member = 0;        // its place among the balancer's members
};

// The weight that a candidate has at present: as it is, or, where the service has a slow start, in
// thousandths and as far as it is warm.
class Weigh {
 public:
  Weigh() = default;
  explicit Weigh(bool warms) : warms_(warms) {}
  bool warms() const { return warms_; }
  // What a weight of 1 weighs.
  std::uint32_t unit() const { return warms_ ? registry::kFullWarmth : 1; }
  std::uint32_t operator()(const Candidate& candidate) const {
    return warms_ ? candidate.weight * candidate.live->warmth.load(std::memory_order_relaxed)
                  : candidate.weight;
  }

 private:
  bool warms_ = false;
};

// Who may be chosen in one pass of the search: those of one verdict (eligible includes those with a
// trial to give) who are not at their limit, and, if told so, only those who have not been tried.
// Lives on the stack of one pick().
class Filter {
 public:
  static Filter untried(registry::Verdict verdict, const Tried& tried) {
    return {verdict, tried.empty() ? nullptr : &tried};
  }
  static Filter anyone(registry::Verdict verdict) { return {verdict, nullptr}; }

  bool passes(const Candidate& candidate) const {
    ++asked_;
    if (!candidate.live->is(verdict_)) return false;
    if (tried_ != nullptr && tried_->contains(candidate.live)) return false;
    if (candidate.live->has_room()) return true;
    met_full_ = true;
    return false;
  }

  // Is it of the verdict that this pass is for, tried or not?
  bool is_sought(const Candidate& candidate) const { return candidate.live->is(verdict_); }

  // Somebody has not passed for want of room alone.
  bool has_met_full() const { return met_full_; }

  // One who passed was found at his limit when he was to be counted: the search is to begin anew.
  void note_lost_race() const { met_full_ = lost_race_ = true; }
  bool has_lost_race() const { return lost_race_; }

  // How often passes() was called: the steps of the search, which must be bounded.
  std::uint64_t asked() const { return asked_; }

 private:
  Filter(registry::Verdict verdict, const Tried* tried) : verdict_(verdict), tried_(tried) {}
  registry::Verdict verdict_;
  const Tried* tried_;
  mutable std::uint64_t asked_ = 0;
  mutable bool met_full_ = false;
  mutable bool lost_race_ = false;
};

// How full an instance would be with one connection more: (load + 1) / weight, where load counts
// pending connects too. Compared exactly, by cross multiplication: (2^32) * (2^32 - 1) fits 64
// bits.
struct Burden {
  std::uint32_t load = 0;
  std::uint32_t weight = 1;

  static Burden of(const Candidate& candidate, Weigh weigh) {
    return {candidate.live->load.load(std::memory_order_relaxed), weigh(candidate)};
  }
  friend std::weak_ordering operator<=>(const Burden& a, const Burden& b) {
    return (std::uint64_t{a.load} + 1) * b.weight <=> (std::uint64_t{b.load} + 1) * a.weight;
  }
  friend bool operator==(const Burden& a, const Burden& b) { return (a <=> b) == 0; }
};

}  // namespace sluice::balance
