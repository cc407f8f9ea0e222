// Damping of instances that keep going down and coming back: each time costs a penalty that halves
// with time; above `suppress` the instance is a last resort until the penalty has fallen below
// `reuse`. (Route flap damping, RFC 2439, with its ceiling: no penalty counts beyond four times
// `suppress`, so that forgiveness is never further off than two half-lives more.) Pure: time is an
// argument.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice::registry {

class FlapDamper {
 public:
  // The instance went down. True if it is suppressed from here on.
  bool went_down(const config::Flap& flap, std::uint64_t now_ms);
  // True if the suppression has just ended.
  bool advance(std::uint64_t now_ms);
  bool is_suppressed() const { return until_ms_ != 0; }
  std::uint64_t until_ms() const { return until_ms_; }  // of the suppression; 0: none
  double penalty(const config::Flap& flap, std::uint64_t now_ms) const;
  void postpone(std::uint64_t by_ms);

 private:
  double penalty_ = 0;  // as of at_ms_
  std::uint64_t at_ms_ = 0;
  std::uint64_t until_ms_ = 0;
};

}  // namespace sluice::registry
