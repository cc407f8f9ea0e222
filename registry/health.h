// The two state machines of an instance's health, pure: no loop, no clock, no I/O. Each observation
// is an argument and each verdict an answer.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "registry/instance.h"

namespace sluice::registry {

// Active checks: `rise` successes in a row to go up, `fall` failures in a row to go down; either
// one sets the other's count back. The very first verdict needs one observation only. (HAProxy's
// rise and fall; the reset is what its commit b119a79fc had to add.)
//
// A service without a check has machines in state `none`, which no observation moves.
class CheckMachine {
 public:
  CheckMachine(const config::Check& check, CheckState start);

  // Takes in one probe's outcome; true if the verdict flipped.
  bool observe(bool success);
  CheckState state() const { return state_; }
  // Between two verdicts, or before the first: probes come at the fast interval.
  bool is_changing() const;
  // A reload changed the check: the verdict stays, whatever the new rise, fall or type. A check
  // that is taken away leaves `none`. One that is new to an instance finds it in rotation and
  // leaves it there: it counts as up until `fall` probes in a row say otherwise.
  void reconfigure(const config::Check& check);

 private:
  std::uint32_t rise_;
  std::uint32_t fall_;
  CheckState state_;
  std::uint32_t against_ = 0;  // observations in a row that contradict the verdict
};

// Passive outlier ejection of one instance. The n-th ejection lasts base * n, at most max (or base,
// if that is larger); n falls by one for each `base` that passes without an ejection, and stops
// growing where more would not lengthen the ejection, so that forgiveness is never far off.
// (Envoy's outlier detection, the consecutive-failure rule.) How many may be out at once is the
// service's matter.
class OutlierMachine {
 public:
  // Ejects by the rule; returns until when, in monotonic ms. Requires: not ejected.
  std::uint64_t eject(const config::Outlier& rule, std::uint64_t now_ms);
  // Ends an ejection that is over. True if it just did.
  bool advance(std::uint64_t now_ms);
  bool is_ejected() const { return ejected_; }
  // The n of the last ejection.
  std::uint32_t ejections() const { return ejections_; }
  // When advance() has something to do; UINT64_MAX: never. (Decay needs no timer: eject() works it
  // out.)
  std::uint64_t next_ms() const;

 private:
  void forgive(const config::Outlier& rule, std::uint64_t now_ms);

  bool ejected_ = false;
  std::uint32_t ejections_ = 0;
  std::uint64_t until_ms_ = 0;  // end of the running ejection, or of the last one
};

// True if so many failures in a row ask for an ejection.
bool suspects(const config::Outlier& rule, FailureRow row);

// "5 connect failures in a row", "1 connect failure and 4 early closes in a row".
std::string words(FailureRow row);

// May one more of `members` instances be ejected, of whom `ejected` are, when `left` others are
// eligible? At most max_percent of the members are out at once, rounded down, but one at least (0
// percent is none), and never so many that fewer than keep_at_least are left: who is down, drained
// or ejected is not there to be kept.
bool may_eject(const config::Outlier& outlier, std::uint32_t members, std::uint32_t ejected,
               std::uint32_t left);

}  // namespace sluice::registry
