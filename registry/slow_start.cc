#include "registry/slow_start.h"

#include <algorithm>

#include "registry/live.h"

namespace sluice::registry {
namespace {

constexpr std::uint64_t kShortestStepMs = 100;
constexpr std::uint64_t kSteps = 20;

std::uint64_t window_ms(const config::SlowStart& rule) {
  return static_cast<std::uint64_t>(rule.window.count());
}

}  // namespace

std::uint16_t warmth_after(const config::SlowStart& rule, std::uint64_t elapsed_ms) {
  if (elapsed_ms >= window_ms(rule)) return kFullWarmth;
  const double passed = static_cast<double>(elapsed_ms) / static_cast<double>(window_ms(rule));
  const double share = rule.min + (1 - rule.min) * passed;
  return std::clamp<std::uint16_t>(static_cast<std::uint16_t>(share * kFullWarmth), 1, kFullWarmth);
}

std::uint64_t warming_step_ms(const config::SlowStart& rule) {
  return std::max(window_ms(rule) / kSteps, kShortestStepMs);
}

}  // namespace sluice::registry
