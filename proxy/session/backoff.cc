#include "proxy/session/backoff.h"

#include <algorithm>
#include <cmath>

namespace sluice::session {

std::uint64_t backoff_ms(const config::Retry& retry, std::uint32_t k, double unit) {
  const auto cap = static_cast<double>(retry.max_delay.count());
  const double grown =
      static_cast<double>(retry.base_delay.count()) * std::pow(retry.multiplier, k - 1.0);
  double delay = std::isfinite(grown) ? std::min(grown, cap) : cap;
  if (retry.jitter == config::Jitter::full) delay *= unit;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(delay));
}

}  // namespace sluice::session
