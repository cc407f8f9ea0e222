#include "proxy/session/backoff.h"

#include <gtest/gtest.h>

namespace sluice::session {
namespace {

config::Retry policy(int base_ms, double multiplier, int max_ms, config::Jitter jitter) {
  config::Retry retry;
  retry.base_delay = config::Duration(base_ms);
  retry.multiplier = multiplier;
  retry.max_delay = config::Duration(max_ms);
  retry.jitter = jitter;
  return retry;
}

TEST(Backoff, GrowsByTheMultiplierUpToTheCap) {
  const config::Retry retry = policy(100, 2.0, 2000, config::Jitter::none);
  const std::uint64_t expected[] = {100, 200, 400, 800, 1600, 2000, 2000, 2000};
  std::uint32_t k = 0;
  for (const std::uint64_t delay : expected) EXPECT_EQ(backoff_ms(retry, ++k, 0.123), delay) << k;
}

TEST(Backoff, FullJitterTakesAShareOfTheDelay) {
  const config::Retry retry = policy(100, 2.0, 2000, config::Jitter::full);
  EXPECT_EQ(backoff_ms(retry, 1, 0.5), 50u);
  EXPECT_EQ(backoff_ms(retry, 3, 0.25), 100u);
  EXPECT_EQ(backoff_ms(retry, 20, 0.999), 1998u);
}

TEST(Backoff, IsNeverWithoutAnyDelay) {
  EXPECT_EQ(backoff_ms(policy(100, 2.0, 2000, config::Jitter::full), 1, 0.0), 1u);
  EXPECT_EQ(backoff_ms(policy(0, 2.0, 0, config::Jitter::none), 5, 0.5), 1u);
}

TEST(Backoff, DoesNotOverflowHoweverManyRetries) {
  const config::Retry retry = policy(1000, 10.0, 60'000, config::Jitter::none);
  for (const std::uint32_t k : {50u, 400u, 100'000u, 4'000'000'000u}) {
    EXPECT_EQ(backoff_ms(retry, k, 0.5), 60'000u) << k;
  }
}

}  // namespace
}  // namespace sluice::session
