// What a balancer makes of instances that are warming up.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"
#include "tests/proxy/balance/policies.h"

namespace sluice::balance::testing {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Balancer> warming_balancer(config::Policy policy,
                                                 std::vector<Member> members) {
  config::Balance balance;
  balance.policy = policy;
  balance.slow_start.window = 10s;
  return make_balancer(balance, by_id(std::move(members)));
}

class Warming : public ::testing::TestWithParam<config::Policy> {};

INSTANTIATE_TEST_SUITE_P(Policies, Warming, ::testing::ValuesIn(kAllPolicies), policy_name);

// Of 3000 connections that stay, how many go to `b` of a and b.
std::uint32_t held_by_b(config::Policy policy, std::uint16_t warmth) {
  const auto balancer = warming_balancer(policy, fleet({1, 1}));
  live(*balancer, "b").warmth = warmth;
  Cursor cursor(0, 7);
  std::vector<Pick> held;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    held.push_back(balancer->pick(Key{client_address(i * 7919)}, {}, cursor));
  }
  return live(*balancer, "b").load;
}

TEST_P(Warming, AnInstanceTakesTheMoreTheWarmerItIs) {
  if (GetParam() == config::Policy::first) return;
  std::uint32_t before = 0;
  for (const std::uint16_t warmth : std::to_array<std::uint16_t>({100, 250, 500, 1000})) {
    const std::uint32_t taken = held_by_b(GetParam(), warmth);
    EXPECT_GT(taken, before) << warmth;
    before = taken;
    const bool is_hashing =
        GetParam() == config::Policy::hash || GetParam() == config::Policy::maglev;
    // Of two with the weights 1 and w; of keys, w of those at home there.
    const double w = warmth / 1000.0;
    const double expected = 3000 * (is_hashing ? w / 2 : w / (1 + w));
    EXPECT_NEAR(taken, expected, 150) << warmth;
  }
}

TEST_P(Warming, OnesAreServedByEvenIfTheyAreAlone) {
  const auto balancer = warming_balancer(GetParam(), fleet({1, 1}));
  for (const Member& member : balancer->members()) member.live->warmth = 1;
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_NE(home(*balancer, client_address(i)), "-");
  live(*balancer, "a").verdict = Verdict::never;
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(home(*balancer, client_address(i)), "b");
}

TEST_P(Warming, IsAsIfThereWereNoneOnceAllAreWarm) {
  const auto with = warming_balancer(GetParam(), fleet({5, 1, 1}));
  const auto without = balance_by(GetParam(), fleet({5, 1, 1}));
  Cursor one(0, 3), other(0, 3);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::string key = i % 3 == 0 ? "" : client_address(i * 7919);
    EXPECT_EQ(home(*with, key, one), home(*without, key, other)) << i;
  }
}

TEST(WarmingIdle, InstancesShareByWhatTheyHaveOfTheirWeight) {
  const auto balancer = warming_balancer(config::Policy::least_connections, fleet({1, 1}));
  live(*balancer, "b").warmth = 250;
  Cursor cursor(0, 0);
  EXPECT_EQ(tally(pick_ids(*balancer, cursor, 100)),
            (std::map<std::string, int>{{"a", 80}, {"b", 20}}));
}

TEST(WarmingKeys, ComeHomeOnceAndStayThere) {
  for (const auto policy : {config::Policy::hash, config::Policy::maglev}) {
    const auto balancer = warming_balancer(policy, crowd(5));
    registry::Live& warming = *balancer->members()[2].live;
    std::map<std::string, bool> is_home;
    for (const std::uint16_t warmth : std::to_array<std::uint16_t>({1, 200, 400, 600, 800, 1000})) {
      for (std::uint32_t i = 0; i < 500; ++i) {
        const std::string key = client_address(i * 7919);
        warming.warmth = 1000;
        const std::string its_home = home(*balancer, key);
        warming.warmth = warmth;
        const std::string now = home(*balancer, key);
        if (its_home != *warming.identity.id) {
          EXPECT_EQ(now, its_home) << "nobody else's keys move";
        } else {
          EXPECT_TRUE(!is_home[key] || now == its_home) << "it was home already";
          is_home[key] = now == its_home;
        }
      }
    }
    for (const auto& [key, home] : is_home) EXPECT_TRUE(home);
    EXPECT_GT(is_home.size(), 50u);
  }
}

// A slow start that is configured, or taken away, leaves nobody with arrears of another unit.
TEST(WarmingTurns, GoOnWhereTheyWereWhenTheRuleChanges) {
  const auto members = fleet({5, 1, 1});
  const auto without = balance_by(config::Policy::round_robin, members);
  const auto with = warming_balancer(config::Policy::round_robin, members);
  Cursor cursor(0, 0);
  std::string turns = sequence(*without, cursor, 3);
  turns += sequence(*with, cursor, 3);
  turns += sequence(*without, cursor, 1);
  turns += sequence(*with, cursor, 7);
  EXPECT_EQ(turns, "aabacaaaabacaa");
}

}  // namespace
}  // namespace sluice::balance::testing
