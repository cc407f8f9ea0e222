#include "registry/flap.h"

#include <algorithm>
#include <cmath>

namespace sluice::registry {

namespace {

constexpr double kCeiling = 4;  // times `suppress`

}  // namespace

double FlapDamper::penalty(const config::Flap& flap, std::uint64_t now_ms) const {
  const auto passed = static_cast<double>(now_ms - at_ms_);
  return penalty_ * std::exp2(-passed / static_cast<double>(flap.half_life.count()));
}

bool FlapDamper::went_down(const config::Flap& flap, std::uint64_t now_ms) {
  if (flap.penalty == 0) return false;
  penalty_ = std::min(penalty(flap, now_ms) + flap.penalty, kCeiling * flap.suppress);
  at_ms_ = now_ms;
  if (!is_suppressed() && penalty_ < flap.suppress) return false;
  const double half_lives = std::log2(penalty_ / flap.reuse);
  until_ms_ = now_ms + static_cast<std::uint64_t>(
                           std::ceil(half_lives * static_cast<double>(flap.half_life.count())));
  return true;
}

bool FlapDamper::advance(std::uint64_t now_ms) {
  if (!is_suppressed() || now_ms < until_ms_) return false;
  until_ms_ = 0;
  return true;
}

void FlapDamper::postpone(std::uint64_t by_ms) {
  if (is_suppressed()) until_ms_ += by_ms;
}

}  // namespace sluice::registry
