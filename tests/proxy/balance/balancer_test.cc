#include "proxy/balance/balancer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/proxy/balance/fleet.h"
#include "tests/proxy/balance/policies.h"

namespace sluice::balance::testing {
namespace {

// What holds for every policy.
class AnyPolicy : public ::testing::TestWithParam<config::Policy> {
 protected:
  static std::shared_ptr<const Balancer> build(std::vector<Member> members) {
    return balance_by(GetParam(), std::move(members));
  }
  static std::string pick_id(const Balancer& balancer, const Tried& tried = {}) {
    return home(balancer, "192.0.2.1", tried);
  }
};

INSTANTIATE_TEST_SUITE_P(Policies, AnyPolicy, ::testing::ValuesIn(kAllPolicies), policy_name);

TEST_P(AnyPolicy, WithoutMembersNobodyIsPicked) {
  const auto balancer = build({});
  EXPECT_EQ(pick_id(*balancer), "-");
  EXPECT_FALSE(balancer->has_untried({}));
}

TEST_P(AnyPolicy, APickCountsInTheLoadUntilItsTokenIsReleased) {
  const auto balancer = build(fleet({1}));
  registry::Live& only = live(*balancer, "a");
  Cursor cursor(1, 1);
  {
    Pick pick = balancer->pick({}, {}, cursor);
    ASSERT_TRUE(pick);
    EXPECT_EQ(pick.token.live().get(), &only);
    EXPECT_EQ(only.load, 1u);
    EXPECT_EQ(only.active, 0u) << "pending";
    EXPECT_EQ(only.selected, 1u);
  }
  EXPECT_EQ(only.load, 0u);
  EXPECT_EQ(only.selected, 1u);
}

TEST_P(AnyPolicy, NobodyIsPickedWhoseVerdictIsNever) {
  const auto balancer = build(fleet({1, 1, 1}));
  for (const Member& member : balancer->members()) member.live->verdict = Verdict::never;
  EXPECT_EQ(pick_id(*balancer), "-");
  for (const Member& member : balancer->members()) EXPECT_EQ(member.live->load, 0u);
}

TEST_P(AnyPolicy, WeightZeroTakesNothing) {
  const auto balancer = build(fleet({0, 1, 0}));
  Tried tried;
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(home(*balancer, client_address(i)), "b");
  tried.add(&live(*balancer, "b"));
  EXPECT_FALSE(balancer->has_untried(tried)) << "the others would take nothing";
  EXPECT_EQ(pick_id(*balancer, tried), "b");
}

TEST_P(AnyPolicy, AllWeightsZeroPicksNobodyAndOneAgainPicksAgain) {
  auto members = fleet({0, 0});
  EXPECT_EQ(pick_id(*build(members)), "-");
  members[1].weight = 1;
  EXPECT_EQ(pick_id(*build(members)), "b");
}

TEST_P(AnyPolicy, TheLowestPriorityNumberGoesFirst) {
  auto members = fleet({1, 1, 1});
  members[0].priority = 2;
  members[1].priority = 0;
  members[2].priority = 1;
  const auto balancer = build(members);
  EXPECT_EQ(pick_id(*balancer), "b");
  live(*balancer, "b").verdict = Verdict::never;
  EXPECT_EQ(pick_id(*balancer), "c");
  live(*balancer, "c").verdict = Verdict::never;
  EXPECT_EQ(pick_id(*balancer), "a");
  live(*balancer, "b").verdict = Verdict::eligible;
  EXPECT_EQ(pick_id(*balancer), "b");
}

// The four steps of the search, each entered when the one before has nobody left.
TEST_P(AnyPolicy, SearchesUntriedThenEjectedThenTriedThenTriedAndEjected) {
  auto members = fleet({1, 1, 1, 1});
  members[1].priority = 7;  // a backup is better than an ejected primary
  const auto balancer = build(members);
  live(*balancer, "c").verdict = Verdict::last_resort;
  live(*balancer, "d").verdict = Verdict::never;
  Tried tried;
  const auto next = [&] {
    Cursor cursor(1, 1);
    const Pick pick = balancer->pick(Key{"192.0.2.1"}, tried, cursor);
    if (!pick) return std::string("-");
    tried.add(pick.token.live().get());
    return pick.member->id() + (pick.tried ? " again" : "");
  };
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(), "b");
  EXPECT_EQ(next(), "c");
  EXPECT_EQ(next(), "a again");
  live(*balancer, "a").verdict = Verdict::never;
  EXPECT_EQ(next(), "b again");
  live(*balancer, "b").verdict = Verdict::never;
  EXPECT_EQ(next(), "c again");
  live(*balancer, "c").verdict = Verdict::never;
  EXPECT_EQ(next(), "-");
}

// Half open, an instance is as eligible as any, for so many connections at a time.
TEST_P(AnyPolicy, LetsSoManyTrialsThroughAtATime) {
  const auto balancer = build(fleet({1, 1}));
  registry::Live& b = live(*balancer, "b");
  live(*balancer, "a").verdict = Verdict::never;
  b.verdict = Verdict::trial;
  b.trial_limit = 2;
  Cursor cursor(1, 1);
  const auto pick = [&] { return balancer->pick(Key{"192.0.2.1"}, {}, cursor); };
  Pick first = pick();
  const Pick second = pick();
  EXPECT_TRUE(first && second && first.token.is_on_trial() && second.token.is_on_trial());
  EXPECT_FALSE(balancer->has_untried({}));
  EXPECT_FALSE(pick());
  live(*balancer, "a").verdict = Verdict::last_resort;
  EXPECT_EQ(pick_id(*balancer), "a");
  first = {};
  EXPECT_TRUE(balancer->has_untried({}));
  EXPECT_EQ(pick_id(*balancer), "b");
  EXPECT_EQ(b.load, 1u) << "what was chosen and not taken is not counted";
}

TEST_P(AnyPolicy, LetsNoMoreTrialsThroughHoweverManyPick) {
  const auto balancer = build(fleet({1, 1}));
  registry::Live& b = live(*balancer, "b");
  b.verdict = Verdict::trial;
  b.trial_limit = 1;
  std::atomic<int> on_trial{0}, most{0}, nobody{0};
  std::vector<std::thread> workers;
  for (std::uint32_t t = 0; t < 4; ++t) {
    workers.emplace_back([&, t] {
      Cursor cursor(t, t);
      for (int i = 0; i < 2'000; ++i) {
        const std::string key = client_address(static_cast<std::uint32_t>(i) * 7);
        const Pick pick = balancer->pick(Key{key}, {}, cursor);
        if (!pick) ++nobody;
        if (!pick || !pick.token.is_on_trial()) continue;
        if (++on_trial > 1) ++most;
        --on_trial;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(most, 0);
  EXPECT_EQ(nobody, 0) << "the other one is there for everybody";
  EXPECT_EQ(b.trials, 0u);
}

TEST_P(AnyPolicy, TriedOnesArePassedOverWhileAnUntriedOneIsLeft) {
  const auto balancer = build(fleet({100, 1, 1}));
  Tried tried;
  tried.add(&live(*balancer, "a"));
  tried.add(&live(*balancer, "c"));
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(home(*balancer, client_address(i), tried), "b");
}

TEST_P(AnyPolicy, HasUntriedKnowsWhetherARetryHasSomewhereElseToGo) {
  const auto balancer = build(fleet({1, 1}));
  Tried tried;
  EXPECT_TRUE(balancer->has_untried(tried));
  tried.add(&live(*balancer, "a"));
  EXPECT_TRUE(balancer->has_untried(tried));
  live(*balancer, "b").verdict = Verdict::last_resort;
  EXPECT_TRUE(balancer->has_untried(tried));
  live(*balancer, "b").verdict = Verdict::never;
  EXPECT_FALSE(balancer->has_untried(tried));
}

TEST_P(AnyPolicy, MembersAreKeptByIdHoweverTheyCome) {
  auto members = fleet({1, 2, 3});
  std::swap(members[0], members[2]);
  const auto balancer = build(members);
  std::string ids;
  for (const Member& member : balancer->members()) ids += member.id();
  EXPECT_EQ(ids, "abc");
}

TEST_P(AnyPolicy, AnInstanceOutlivesTheBalancerThatPickedIt) {
  Cursor cursor(1, 1);
  auto balancer = build(fleet({1}));
  registry::LoadToken token = balancer->pick({}, {}, cursor).token;
  balancer.reset();
  EXPECT_EQ(token.live()->load, 1u);
  token.establish();
  EXPECT_EQ(token.live()->active, 1u);
}

// Workers pick and release at will while the control loop changes verdicts and membership: every
// count comes back to 0, and every pick was counted once.
TEST_P(AnyPolicy, CountsStayTrueWhileWorkersAndVerdictsRace) {
  constexpr int kPicks = 3000;
  const auto members = crowd(10);
  const std::vector<std::shared_ptr<const Balancer>> versions = {
      build(members), build({members.begin(), members.begin() + 7})};
  std::atomic<std::uint64_t> picked{0};
  std::atomic<bool> done{false};
  std::thread control([&] {
    Cursor dice(99, 99);
    while (!done) {
      const Verdict verdicts[] = {Verdict::never, Verdict::last_resort, Verdict::eligible};
      members[dice.random_below(10)].live->verdict = verdicts[dice.random_below(3)];
    }
  });
  std::vector<std::thread> workers;
  for (std::uint64_t worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&, worker] {
      Cursor cursor(static_cast<std::uint32_t>(worker), worker);
      std::vector<Pick> held(20);
      for (int i = 0; i < kPicks; ++i) {
        Pick pick = versions[i / 100 % 2]->pick(Key{client_address(i)}, {}, cursor);
        if (pick) ++picked;
        held[cursor.random_below(held.size())] = std::move(pick);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  done = true;
  control.join();
  std::uint64_t selected = 0;
  for (const Member& member : members) {
    EXPECT_EQ(member.live->load, 0u);
    selected += member.live->selected;
  }
  EXPECT_EQ(selected, picked);
  EXPECT_GT(picked, 0u);
}

}  // namespace
}  // namespace sluice::balance::testing
