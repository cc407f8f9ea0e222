#include "proxy/fuse.h"

#include <algorithm>

#include "config/units.h"

namespace sluice {

namespace {

constexpr std::uint64_t kFewestFailures = 3;
constexpr double kLeastShareOfOthers = 0.05;
constexpr std::uint64_t kSamples = 32;  // a window

double share(const Outcomes& outcomes) {
  if (outcomes.given == 0) return 0;
  return std::min(1.0, static_cast<double>(outcomes.failed) / static_cast<double>(outcomes.given));
}

}  // namespace

bool has_failed_too_often(const config::Fuse& fuse, const Outcomes& part, const Outcomes& others) {
  return part.given >= fuse.min_connections && part.failed >= kFewestFailures &&
         share(part) > fuse.factor * std::max(share(others), kLeastShareOfOthers);
}

std::string comparison(const config::Fuse& fuse, const Outcomes& part, const Outcomes& others) {
  return std::to_string(part.failed) + " of its " + std::to_string(part.given) +
         " connections failed within " + config::text(fuse.window) + ", of the others " +
         std::to_string(others.failed) + " of " + std::to_string(others.given);
}

SlidingOutcomes::SlidingOutcomes(std::uint64_t window_ms, std::uint64_t now_ms, Outcomes total)
    : window_ms_(window_ms), samples_{{now_ms, total}} {}

Outcomes SlidingOutcomes::slide(std::uint64_t now_ms, Outcomes total) {
  if (now_ms - samples_.back().at_ms >= window_ms_ / kSamples) samples_.push_back({now_ms, total});
  while (samples_.size() > 1 && samples_[1].at_ms + window_ms_ <= now_ms) samples_.pop_front();
  const Outcomes& before = samples_.front().total;
  return {total.given - before.given, total.failed - before.failed};
}

}  // namespace sluice
