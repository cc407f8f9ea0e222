#include "bench/load/workload.h"

#include <csignal>

#include <algorithm>
#include <iostream>

namespace sluice::bench {

namespace {

constexpr std::uint64_t kHopeless = 1000;

volatile std::sig_atomic_t is_told_to_end = 0;

// Turns the loop until the time is over, or `is_over` says so, or all is lost.
template <class Predicate>
void turn_for(Poll& poll, const Tally& tally, double time, Predicate is_over) {
  const Nanoseconds end = now() + nanoseconds(time);
  while (!is_over() && tally.errors() < kHopeless) {
    const Nanoseconds at = now();
    if (at >= end) return;
    poll.turn(static_cast<int>(std::min<Nanoseconds>((end - at) / 1'000'000 + 1, 100)));
  }
}

bool never() {
  return false;
}

}  // namespace

void run(Poll& poll, Tally& tally, Workload& workload, const Times& times) {
  turn_for(poll, tally, times.ready, [&] { return workload.is_ready(); });
  if (!workload.is_ready()) tally.error("did not get ready");
  turn_for(poll, tally, workload.is_ready() ? times.warm_up : 0, never);

  std::cout << "measuring\n" << std::flush;
  tally.begin(now());
  turn_for(poll, tally, workload.is_ready() ? times.measure : 0,
           [&] { return is_told_to_end != 0 || workload.is_over(); });
  tally.end(now());
  std::cout << "measured\n" << std::flush;

  workload.finish();
  turn_for(poll, tally, times.finish, [&] { return workload.unanswered() == 0; });
  tally.error("unanswered", workload.unanswered());
  if (tally.errors() >= kHopeless) tally.error("gave up");
}

void end_by_signal() {
  std::signal(SIGINT, [](int) { is_told_to_end = 1; });
}

}  // namespace sluice::bench
