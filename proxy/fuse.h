// When a part of a split fails far more of its connections than the others of it do. Pure; time is
// an argument.
//
// Within the window, let share(x) be the failed connections of x (session::is_failure) over the
// connections that x was given, at most 1, and 0 of none. The fuse blows when
//
//   given(part) >= min_connections,  failed(part) >= 3,  and
//   share(part) > factor * max(share(others), 5 %)
//
// So a first failure blows nothing, however well the others do; and where all of them fail, as when
// the network behind is gone, it is not the part that is to blame. A failure counts when the
// connection ends, in the window of that moment; one that lives on is none.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "config/config.h"

namespace sluice {

struct Outcomes {
  std::uint64_t given = 0;
  std::uint64_t failed = 0;
};

bool has_failed_too_often(const config::Fuse& fuse, const Outcomes& part, const Outcomes& others);

// "12 of its 40 connections failed within 60s, of the others 1 of 760"
std::string comparison(const config::Fuse& fuse, const Outcomes& part, const Outcomes& others);

// Counts that only grow, seen through a window that slides: up to a 32nd longer than it is said, or
// as long as nobody looked.
class SlidingOutcomes {
 public:
  SlidingOutcomes() = default;
  // What has been counted so far does not count.
  SlidingOutcomes(std::uint64_t window_ms, std::uint64_t now_ms, Outcomes total);

  // What came within the window. Requires: now_ms and total do not shrink from call to call.
  Outcomes slide(std::uint64_t now_ms, Outcomes total);

 private:
  struct Sample {
    std::uint64_t at_ms;
    Outcomes total;
  };
  std::uint64_t window_ms_ = 0;
  std::deque<Sample> samples_;  // the first is the beginning of the window
};

}  // namespace sluice
