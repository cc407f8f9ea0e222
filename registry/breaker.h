// The circuit breaker of one instance, pure: no loop, no clock, no I/O.
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
  explicit BreakerMachine(const config::Breaker& breaker);

  // Each answers true if the state has changed.
  bool failed(FailureRow row, std::uint64_t now_ms);  // a connection that was no trial
  bool tried(bool went_well, std::uint64_t now_ms);   // a trial
  bool advance(std::uint64_t now_ms);                 // ends the time that it is open
  bool reconfigure(const config::Breaker& breaker);   // a running time keeps its end

  BreakerState state() const { return state_; }
  // When advance() has something to do; UINT64_MAX: never.
  std::uint64_t next_ms() const;
  std::uint64_t open_for_ms() const { return static_cast<std::uint64_t>(config_.open_for.count()); }
  std::uint32_t trials() const { return config_.half_open; }  // at a time

 private:
  bool open(std::uint64_t now_ms);

  config::Breaker config_;
  BreakerState state_;  // none: there is no breaker
  std::uint64_t until_ms_ = 0;
};

}  // namespace sluice::registry
