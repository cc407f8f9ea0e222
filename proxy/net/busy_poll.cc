#include "proxy/net/busy_poll.h"

#include <algorithm>

namespace sluice::net {

namespace {

constexpr std::uint64_t kMostPreemptions = 4;
constexpr std::uint64_t kLostCoreNs = 3 * BusyPoll::kLongestNs;
constexpr std::uint64_t kThrottledNs = 20'000'000;
constexpr std::uint64_t kLongestGapNs = 4 * BusyPoll::kLongestNs;  // of who sleeps, and wakes late

std::uint64_t cost(const BusyPoll::Window& window) {
  return window.cpu_ns / std::max<std::uint64_t>(window.events, 1);
}

std::uint64_t smoothed(std::uint64_t before, std::uint64_t now) {
  return before == 0 ? now : (3 * before + now) / 4;
}

std::uint64_t worked_ns(const BusyPoll::Window& window) {
  return window.cpu_ns - std::min(window.cpu_ns, window.asked_ns);
}

// Whether it shows a load for which asking may pay, so that its costs can be compared.
bool is_such(const BusyPoll::Window& window) {
  const std::uint64_t waited_ns = window.wall_ns - std::min(window.wall_ns, worked_ns(window));
  return 2 * window.events >= BusyPoll::kTurns && waited_ns <= BusyPoll::kTurns * kLongestGapNs &&
         2 * worked_ns(window) <= window.wall_ns;
}

bool was_wanted(const BusyPoll::Window& window) {
  return window.preemptions > kMostPreemptions || window.longest_ns > kLostCoreNs;
}

}  // namespace

void BusyPoll::allow(bool allowed) {
  if (allowed == is_allowed_) return;
  *this = BusyPoll();
  is_allowed_ = allowed;
}

void BusyPoll::judge(const Window& window) {
  if (!is_asking_) return rest(window);
  if (pays(window)) {
    rest_ = std::max<std::uint64_t>(rest_ - 1, 1);
    if (++asked_windows_ == kLookBack) is_asking_ = false;
    return;
  }
  is_asking_ = false;
  rest_ = std::min(2 * rest_, kLongestRest);
  resting_ = window.longest_ns > kThrottledNs ? kThrottledRest : rest_;
}

void BusyPoll::rest(const Window& window) {
  asked_windows_ = 0;
  if (!is_such(window)) {
    resting_ = std::max(resting_, std::min(resting_ + 1, kFirstRest));
    if (resting_ >= kFirstRest) sleeper_ns_ = 0;
    return;
  }
  sleeper_ns_ = smoothed(sleeper_ns_, cost(window));
  asker_ns_ = sleeper_ns_;
  if (resting_ > 0) --resting_;
  is_asking_ = is_allowed_ && resting_ == 0;
}

bool BusyPoll::pays(const Window& window) {
  if (!is_such(window) || was_wanted(window)) return false;
  asker_ns_ = smoothed(asker_ns_, cost(window));
  return 8 * asker_ns_ <= 9 * sleeper_ns_;
}

}  // namespace sluice::net
