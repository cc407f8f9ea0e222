// The clock of the load programs: monotonic nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::bench {

using Nanoseconds = std::uint64_t;

inline Nanoseconds now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<Nanoseconds>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count());
}

inline Nanoseconds nanoseconds(double seconds) {
  return static_cast<Nanoseconds>(seconds * 1e9);
}

inline double seconds(Nanoseconds time) {
  return static_cast<double>(time) / 1e9;
}

}  // namespace sluice::bench
