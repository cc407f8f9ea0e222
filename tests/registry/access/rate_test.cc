#include "registry/access/rate.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::access {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

int taken(TokenBucket& bucket, std::uint64_t now_ms, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += bucket.take(now_ms) ? 1 : 0;
  return count;
}

TEST(TokenBucket, LetsTheBurstThroughAndThenItsRate) {
  TokenBucket bucket({.per_second = 500, .burst = 10}, 1000);
  EXPECT_TRUE(bucket.is_full(1000));
  EXPECT_EQ(taken(bucket, 1000, 100), 10);
  EXPECT_EQ(bucket.wait_ms(1000), 2u);
  EXPECT_EQ(taken(bucket, 1001, 100), 0);
  EXPECT_EQ(bucket.wait_ms(1001), 1u);
  EXPECT_EQ(taken(bucket, 1002, 100), 1);
  EXPECT_EQ(taken(bucket, 1006, 100), 2);
  EXPECT_FALSE(bucket.is_full(1025));
  EXPECT_TRUE(bucket.is_full(1026));
  EXPECT_EQ(taken(bucket, 100'000, 100), 10) << "no more than the burst, however long it was quiet";
}

TEST(TokenBucket, DoesNotDriftHoweverOftenItIsAsked) {
  for (const std::uint32_t rate : {1u, 3u, 7u, 500u, 999u, 1000u, 1001u}) {
    TokenBucket asked({.per_second = rate, .burst = 2000}, 0);
    TokenBucket left_alone({.per_second = rate, .burst = 2000}, 0);
    EXPECT_EQ(taken(asked, 0, 2000), 2000);
    EXPECT_EQ(taken(left_alone, 0, 2000), 2000);
    int through = 0;
    for (std::uint64_t now = 1; now <= 1000; ++now) through += taken(asked, now, 3);
    EXPECT_EQ(through, static_cast<int>(rate)) << "in a second";
    EXPECT_EQ(taken(left_alone, 1000, 2000), static_cast<int>(rate));
  }
}

TEST(TokenBucket, GoesOnAcrossAWrapOfTheClock) {
  const std::uint64_t before = kNever - 1;  // two milliseconds before 0
  TokenBucket bucket({.per_second = 500, .burst = 10}, before);
  EXPECT_EQ(taken(bucket, before, 100), 10);
  EXPECT_EQ(taken(bucket, 0, 100), 1);
  EXPECT_EQ(taken(bucket, 2, 100), 1);
}

TEST(TokenBucket, TakesAnEarlierMomentForTheLastOne) {
  TokenBucket bucket({.per_second = 500, .burst = 10}, 1000);
  EXPECT_EQ(taken(bucket, 1000, 100), 10);
  EXPECT_EQ(taken(bucket, 900, 100), 0);
  EXPECT_EQ(bucket.wait_ms(900), 2u);
  EXPECT_EQ(taken(bucket, 1002, 100), 1) << "not the time from 900 on";
}

TEST(TokenBucket, MayNeverFillOrNeverHoldAnything) {
  TokenBucket once({.per_second = 0, .burst = 1}, 0);
  EXPECT_EQ(once.wait_ms(0), 0u);
  EXPECT_EQ(taken(once, 0, 5), 1);
  EXPECT_EQ(taken(once, kNever / 2, 5), 0);
  EXPECT_EQ(once.wait_ms(0), kNever);
  TokenBucket closed({.per_second = 500, .burst = 0}, 0);
  EXPECT_EQ(taken(closed, 1000, 5), 0);
  EXPECT_EQ(closed.wait_ms(1000), kNever);
}

TEST(TokenBucket, HoldsTheLargestRates) {
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  TokenBucket bucket({.per_second = most, .burst = most}, 0);
  EXPECT_EQ(taken(bucket, 0, 1000), 1000);
  EXPECT_TRUE(bucket.is_full(1));
  EXPECT_TRUE(bucket.is_full(kNever / 2));
  TokenBucket slow({.per_second = 1, .burst = most}, 0);
  EXPECT_EQ(taken(slow, 0, 1000), 1000);
  EXPECT_FALSE(slow.is_full(999'999));
  EXPECT_TRUE(slow.is_full(1'000'000));
}

TEST(SourceRates, KeepSourcesApart) {
  SourceRates rates({.per_second = 1, .burst = 2});
  EXPECT_TRUE(rates.take("a", 0));
  EXPECT_TRUE(rates.take("a", 0));
  EXPECT_FALSE(rates.take("a", 0));
  EXPECT_TRUE(rates.take("b", 0));
  EXPECT_EQ(rates.wait_ms("a", 0), 1000u);
  EXPECT_EQ(rates.wait_ms("b", 0), 0u);
  EXPECT_EQ(rates.wait_ms("never seen", 0), 0u);
  EXPECT_EQ(rates.size(), 2u) << "to ask is not to be counted";
  EXPECT_TRUE(rates.take("a", 1000));
}

TEST(SourceRates, ForgetAFullBucketFirst) {
  SourceRates rates({.per_second = 1, .burst = 3}, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.take("spent", 0));
  EXPECT_TRUE(rates.take("once", 0));
  EXPECT_TRUE(rates.take("late", 900));
  EXPECT_TRUE(rates.take("new", 1000));  // "once" is full again, "spent" is older but is not
  EXPECT_EQ(rates.size(), 3u);
  EXPECT_EQ(rates.wait_ms("spent", 1000), 0u);
  EXPECT_TRUE(rates.take("spent", 1000));
  EXPECT_FALSE(rates.take("spent", 1000)) << "its debt is remembered";
}

TEST(SourceRates, ForgetTheQuietestWhenNoneIsFull) {
  SourceRates rates({.per_second = 1, .burst = 1}, 2);
  EXPECT_TRUE(rates.take("a", 0));
  EXPECT_TRUE(rates.take("b", 1));
  EXPECT_FALSE(rates.take("a", 2));
  EXPECT_TRUE(rates.take("c", 3));
  EXPECT_FALSE(rates.take("a", 4));
  EXPECT_TRUE(rates.take("b", 5)) << "was forgotten";
}

TEST(SourceRates, StayWithinTheirBoundWhateverComes) {
  SourceRates rates({}, 100);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(rates.take("source " + std::to_string(i), static_cast<std::uint64_t>(i / 50)));
    ASSERT_LE(rates.size(), 100u);
  }
  SourceRates single({.per_second = 1, .burst = 1}, 1);
  EXPECT_TRUE(single.take("a", 0));
  EXPECT_FALSE(single.take("a", 0));
  EXPECT_TRUE(single.take("b", 0));
  EXPECT_EQ(single.size(), 1u);
}

TEST(SourceOf, IsAMachineInEverySpelling) {
  const auto source = [](std::string_view text) {
    std::string why;
    return source_of(config::Endpoint::parse(text, why).value());
  };
  EXPECT_EQ(source("10.0.0.1:1000"), "10.0.0.1/32");
  EXPECT_EQ(source("[::ffff:10.0.0.1]:2000"), "10.0.0.1/32");
  EXPECT_EQ(source("[2001:db8::1]:1"), "2001:db8::/64");
  EXPECT_EQ(source("[2001:db8::ffff:1]:1"), "2001:db8::/64");
  EXPECT_EQ(source("[::1]:1"), "::/64");
  EXPECT_EQ(source("unix:/run/sluice.sock"), "unix");
}

}  // namespace
}  // namespace sluice::access
