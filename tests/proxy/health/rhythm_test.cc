#include "proxy/health/rhythm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::health {
namespace {

using namespace std::chrono_literals;

struct GapCase {
  config::Duration interval, fast_interval;
  double jitter;
  bool changing;
  double dice;
  std::uint64_t gap_ms;
};

TEST(Rhythm, ProbesAreAnIntervalApartGiveOrTakeTheJitter) {
  const GapCase cases[] = {
      {2s, 500ms, 0.1, false, 0.5, 2000},  // the middle of the dice
      {2s, 500ms, 0.1, false, 0.0, 1800},     {2s, 500ms, 0.1, false, 1.0, 2200},
      {2s, 500ms, 0.0, false, 0.9, 2000},     {2s, 500ms, 1.0, false, 0.0, 0},
      {2s, 500ms, 0.1, true, 0.5, 500},       {2s, 500ms, 0.1, true, 0.0, 450},
      {200ms, 500ms, 0.0, true, 0.5, 200},  // the fast interval never slows down
      {24h, 1h, 0.0, false, 0.5, 86'400'000},
  };
  for (const GapCase& each : cases) {
    config::Check check;
    check.interval = each.interval;
    check.fast_interval = each.fast_interval;
    check.jitter = each.jitter;
    EXPECT_EQ(gap_ms(check, each.changing, each.dice), each.gap_ms)
        << each.interval.count() << " ms, dice " << each.dice;
  }
}

TEST(Rhythm, ALoneNewcomerWaitsAWholeInterval) {
  EXPECT_DOUBLE_EQ(phase(0), 1.0);
}

// The three-distance theorem: n neighbours leave no gap wider than the golden ratio's square over
// n.
TEST(Rhythm, NewcomersSpreadEvenlyOverTheInterval) {
  for (const std::size_t count : {2u, 10u, 100u, 2'000u}) {
    for (const std::uint64_t first : {0u, 7u, 123'456u}) {
      std::vector<double> phases;
      for (std::uint64_t nth = first; nth < first + count; ++nth) phases.push_back(phase(nth));
      std::sort(phases.begin(), phases.end());
      EXPECT_GT(phases.front(), 0.0);
      EXPECT_LE(phases.back(), 1.0);
      double widest = phases.front() + 1.0 - phases.back();  // round the end of the interval
      for (std::size_t i = 1; i < count; ++i) widest = std::max(widest, phases[i] - phases[i - 1]);
      EXPECT_LE(widest, 2.62 / static_cast<double>(count)) << count << " from " << first;
    }
  }
}

}  // namespace
}  // namespace sluice::health
