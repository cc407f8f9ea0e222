// No policy gives an instance more than its limit, nor says that there is no room while there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

#include "config/words.h"
#include "tests/proxy/balance/fleet.h"

namespace sluice::balance {
namespace {

using namespace balance::testing;

std::vector<Member> limited(std::vector<Member> members, const std::vector<std::uint32_t>& limits) {
  for (std::size_t i = 0; i < members.size(); ++i) members[i].live->limit = limits[i];
  return members;
}

// Picks held at once, until nobody has room.
struct Filled {
  std::vector<Pick> held;
  Pick last;
};
Filled fill(const Balancer& balancer, const Tried& tried = {}) {
  Cursor cursor(0, 0);
  Filled filled;
  for (int i = 0; i < 1000; ++i) {
    Pick pick = balancer.pick({client_address(static_cast<std::uint32_t>(i))}, tried, cursor);
    if (!pick) {
      filled.last = std::move(pick);
      break;
    }
    filled.held.push_back(std::move(pick));
  }
  return filled;
}

class EveryPolicy : public ::testing::TestWithParam<config::Policy> {};

TEST_P(EveryPolicy, FillsEachInstanceToItsLimit) {
  const auto balancer = balance_by(GetParam(), limited(fleet({1, 5, 2, 1}), {2, 1, 3, 0}));
  Filled filled = fill(*balancer);
  EXPECT_EQ(filled.held.size(), 6u);
  EXPECT_TRUE(filled.last.full);
  EXPECT_EQ(live(*balancer, "a").load, 2u);
  EXPECT_EQ(live(*balancer, "b").load, 1u);
  EXPECT_EQ(live(*balancer, "c").load, 3u);
  EXPECT_EQ(live(*balancer, "d").load, 0u);

  const std::string given_back = filled.held[3].member->id();
  filled.held[3].token.release();
  EXPECT_EQ(fill(*balancer).held.at(0).member->id(), given_back);
}

TEST_P(EveryPolicy, PassesOverFullOnesForTheNextPriority) {
  auto members = limited(fleet({1, 1}), {2, 2});
  members[1].priority = 1;
  const auto balancer = balance_by(GetParam(), std::move(members));
  const Filled filled = fill(*balancer);
  ASSERT_EQ(filled.held.size(), 4u);
  EXPECT_EQ(filled.held[1].member->id(), "a");
  EXPECT_EQ(filled.held[2].member->id(), "b");
}

TEST_P(EveryPolicy, WaitsForAFullOneRatherThanForAWorseOne) {
  const auto balancer = balance_by(GetParam(), limited(fleet({1, 1}), {0, 100}));
  Tried tried;
  tried.add(&live(*balancer, "b"));
  Filled refused_by_b = fill(*balancer, tried);
  EXPECT_TRUE(refused_by_b.held.empty());
  EXPECT_TRUE(refused_by_b.last.full);

  live(*balancer, "b").verdict = Verdict::last_resort;
  EXPECT_TRUE(fill(*balancer).held.empty());
  live(*balancer, "a").verdict = Verdict::never;
  EXPECT_EQ(fill(*balancer).held.size(), 100u) << "a last resort has a limit like others";
  live(*balancer, "b").verdict = Verdict::never;
  const Filled nobody = fill(*balancer);
  EXPECT_TRUE(nobody.held.empty());
  EXPECT_FALSE(nobody.last.full);
}

TEST_P(EveryPolicy, GoesByALimitThatChanges) {
  const auto balancer = balance_by(GetParam(), limited(fleet({1}), {4}));
  registry::Live& a = live(*balancer, "a");
  Filled filled = fill(*balancer);
  a.limit = 2;
  filled.held.resize(2);
  EXPECT_TRUE(fill(*balancer).held.empty());
  filled.held.resize(1);
  EXPECT_EQ(fill(*balancer).held.size(), 1u);
  a.limit = registry::Live::kUnlimited;
  EXPECT_EQ(fill(*balancer).held.size(), 1000u);
}

// More threads than places: each place is taken once, and nobody is turned away while one is free.
TEST_P(EveryPolicy, IsExactUnderARace) {
  constexpr std::uint32_t kThreads = 8;
  constexpr std::uint32_t kPicks = 40;
  const std::vector<std::uint32_t> limits = {17, 23, 60};
  const std::size_t places = std::accumulate(limits.begin(), limits.end(), std::size_t{0});
  const auto balancer = balance_by(GetParam(), limited(fleet({1, 2, 3}), limits));
  std::vector<std::vector<Pick>> held(kThreads);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Cursor cursor(t, t);
      for (std::uint32_t i = 0; i < kPicks; ++i) {
        Pick pick = balancer->pick({client_address(t * kPicks + i)}, {}, cursor);
        if (pick) held[t].push_back(std::move(pick));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t taken = 0;
  for (const auto& mine : held) taken += mine.size();
  EXPECT_EQ(taken, places);
  EXPECT_EQ(live(*balancer, "a").load, limits[0]);
  EXPECT_EQ(live(*balancer, "b").load, limits[1]);
  EXPECT_EQ(live(*balancer, "c").load, limits[2]);
}

// Takes and gives back in a race: never more than the limit at a time.
TEST_P(EveryPolicy, NeverExceedsALimitWhilePlacesComeAndGo) {
  constexpr std::uint32_t kLimit = 3;
  const auto balancer = balance_by(GetParam(), limited(fleet({1, 1}), {kLimit, kLimit}));
  std::atomic<std::uint32_t> holding[2] = {}, most[2] = {};
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Cursor cursor(t, t);
      for (std::uint32_t i = 0; i < 2000; ++i) {
        const Pick pick = balancer->pick({client_address(i)}, {}, cursor);
        if (!pick) continue;
        const auto at = static_cast<std::size_t>(pick.member - balancer->members().data());
        const std::uint32_t now = ++holding[at];
        std::uint32_t seen = most[at];
        while (now > seen && !most[at].compare_exchange_weak(seen, now)) {
        }
        --holding[at];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most[0], kLimit);
  EXPECT_LE(most[1], kLimit);
  EXPECT_EQ(live(*balancer, "a").load, 0u);
  EXPECT_EQ(live(*balancer, "b").load, 0u);
}

INSTANTIATE_TEST_SUITE_P(Limit, EveryPolicy,
                         ::testing::Values(config::Policy::least_connections, config::Policy::p2c,
                                           config::Policy::round_robin, config::Policy::random,
                                           config::Policy::first, config::Policy::hash,
                                           config::Policy::maglev),
                         [](const auto& each) { return std::string(config::word(each.param)); });

TEST(Limit, KeysOfAFullInstanceWalkOnLikeThoseOfOneThatIsDown) {
  for (const config::Policy policy : {config::Policy::hash, config::Policy::maglev}) {
    const auto balancer = balance_by(policy, fleet({1, 1, 1}));
    registry::Live& b = live(*balancer, "b");
    for (std::uint32_t i = 0; i < 200; ++i) {
      const std::string key = client_address(i);
      b.verdict = Verdict::never;
      const std::string without_b = home(*balancer, key);
      b.verdict = Verdict::eligible;
      b.limit = 0;
      EXPECT_EQ(home(*balancer, key), without_b);
      b.limit = registry::Live::kUnlimited;
    }
  }
}

}  // namespace
}  // namespace sluice::balance
