#include "registry/lease.h"

#include <gtest/gtest.h>

#include "registry/flap.h"

namespace sluice::registry {
namespace {

TEST(Lease, OfNobodyIsNeverDue) {
  Lease lease;
  EXPECT_EQ(lease.state(), LeaseState::none);
  EXPECT_EQ(lease.next_ms(), UINT64_MAX);
  EXPECT_EQ(lease.advance(UINT64_MAX - 1), Lease::Due::nothing);
}

TEST(Lease, EndsAtItsTtlAndNotAtTwice) {
  Lease lease;
  lease.renew(1000, 5000);
  EXPECT_EQ(lease.advance(5999), Lease::Due::nothing);
  EXPECT_EQ(lease.state(), LeaseState::held);
  EXPECT_EQ(lease.advance(6000), Lease::Due::doubt);
  EXPECT_EQ(lease.state(), LeaseState::missed);
  EXPECT_EQ(lease.next_ms(), UINT64_MAX) << "an answer is awaited";
}

TEST(Lease, LivesOnEvidenceAnIntervalAtATime) {
  Lease lease;
  lease.renew(1000, 0);
  lease.advance(1000);
  lease.support(3000);
  EXPECT_EQ(lease.state(), LeaseState::missed);
  EXPECT_EQ(lease.advance(2999), Lease::Due::nothing);
  EXPECT_EQ(lease.advance(3000), Lease::Due::doubt);
  lease.expire(10'000);
  EXPECT_EQ(lease.state(), LeaseState::expired);
  EXPECT_EQ(lease.advance(9999), Lease::Due::nothing);
  EXPECT_EQ(lease.advance(10'000), Lease::Due::deletion);
}

TEST(Lease, IsWholeAgainAfterAReportInAnyState) {
  for (const int steps : {0, 1, 2}) {
    Lease lease;
    lease.renew(1000, 0);
    if (steps > 0) lease.advance(1000);
    if (steps > 1) lease.expire(9000);
    lease.renew(500, 2000);
    EXPECT_EQ(lease.state(), LeaseState::held) << steps;
    EXPECT_EQ(lease.next_ms(), 2500u) << steps;
  }
}

TEST(Lease, HearsAnswersOnlyWhileItIsMissed) {
  Lease lease;
  lease.renew(1000, 0);
  lease.support(50'000);
  lease.expire(50'000);
  EXPECT_EQ(lease.state(), LeaseState::held);
  EXPECT_EQ(lease.next_ms(), 1000u);
}

TEST(Lease, IsPutOffByAStall) {
  Lease lease;
  lease.postpone(7000);
  EXPECT_EQ(lease.next_ms(), UINT64_MAX);
  lease.renew(1000, 0);
  lease.postpone(7000);
  EXPECT_EQ(lease.ends_ms(), 8000u);
  EXPECT_EQ(lease.next_ms(), 8000u);
}

TEST(FlapDamper, SuppressesAtTheThirdFallWithinAHalfLife) {
  const config::Flap flap;
  FlapDamper damper;
  EXPECT_FALSE(damper.went_down(flap, 1000));
  EXPECT_FALSE(damper.went_down(flap, 1000));
  EXPECT_TRUE(damper.went_down(flap, 1000));
  EXPECT_DOUBLE_EQ(damper.penalty(flap, 1000), 3000);
  EXPECT_DOUBLE_EQ(damper.penalty(flap, 61'000), 1500);
  EXPECT_EQ(damper.until_ms(), 61'000u) << "3000 has halved to 1500";
  EXPECT_FALSE(damper.advance(60'999));
  EXPECT_TRUE(damper.advance(61'000));
  EXPECT_FALSE(damper.is_suppressed());
}

TEST(FlapDamper, ForgetsRareFalls) {
  const config::Flap flap;
  FlapDamper damper;
  for (std::uint64_t minute = 0; minute < 100; ++minute) {
    EXPECT_FALSE(damper.went_down(flap, minute * 60'000)) << minute;  // never beyond 2000
  }
}

TEST(FlapDamper, HasACeiling) {
  const config::Flap flap;
  FlapDamper damper;
  for (int i = 0; i < 1000; ++i) damper.went_down(flap, 0);
  EXPECT_DOUBLE_EQ(damper.penalty(flap, 0), 12'000);
  EXPECT_EQ(damper.until_ms(), 180'000u) << "12000 has halved three times";
}

TEST(FlapDamper, IsOffWithoutAPenalty) {
  config::Flap flap;
  flap.penalty = 0;
  FlapDamper damper;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(damper.went_down(flap, 0));
}

}  // namespace
}  // namespace sluice::registry
