#include "proxy/health/rhythm.h"

#include <algorithm>
#include <cmath>

namespace sluice::health {

std::uint64_t gap_ms(const config::Check& check, bool changing, double dice) {
  const config::Duration base =
      changing ? std::min(check.interval, check.fast_interval) : check.interval;
  const double factor = 1.0 + check.jitter * (2.0 * dice - 1.0);
  return share(static_cast<std::uint64_t>(base.count()), factor);
}

std::uint64_t share(std::uint64_t gap_ms, double of_it) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(gap_ms) * of_it));
}

double phase(std::uint64_t nth) {
  constexpr std::uint64_t kGoldenRatio = 0x9E37'79B9'7F4A'7C15;  // of 2^64
  constexpr int kMantissa = 53;
  const std::uint64_t fraction = (nth * kGoldenRatio) >> (64 - kMantissa);
  return 1.0 - std::ldexp(static_cast<double>(fraction), -kMantissa);
}

}  // namespace sluice::health
