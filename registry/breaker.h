// The circuit breaker of one instance, pure: no loop, no clock, no I/O. It keeps no rule: whoever
// tells it of an event says by which rule that counts.
//
//   closed     connections flow; `failures` failures in a row (registry::Failure) open it
//   open       for `open_for` nobody is sent there, not even as a last resort
//   half_open  at most `half_open` connections at a time are let through as trials, over all
//              workers (Trial); one that goes well closes it, one that fails opens it again
//
// What sets it apart from an ejection (OutlierMachine): an ejection is a suspicion of ours, so it
// is bounded (max_percent, keep_at_least) and its instance a last resort still. A breaker is the
// operator's word that an instance which fails is to be left alone: it holds for each instance by
// itself, if need be for all of them.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "registry/instance.h"
#include "registry/live.h"

namespace sluice::registry {

class BreakerMachine {
 public:
  explicit BreakerMachine(const config::Breaker& rule);

  // Each answers true if the state has changed. A connection that was no trial; and one that was.
  bool failed(const config::Breaker& rule, FailureRow row, std::uint64_t now_ms);
  bool tried(const config::Breaker& rule, bool went_well, std::uint64_t now_ms);
  bool advance(std::uint64_t now_ms);             // ends the time that it is open
  bool reconfigure(const config::Breaker& rule);  // there is one now, or none; a time keeps its end

  BreakerState state() const { return state_; }
  // When advance() has something to do; UINT64_MAX: never.
  std::uint64_t next_ms() const;

 private:
  bool open(const config::Breaker& rule, std::uint64_t now_ms);

  BreakerState state_;  // none: there is no breaker
  std::uint64_t until_ms_ = 0;
};

}  // namespace sluice::registry
