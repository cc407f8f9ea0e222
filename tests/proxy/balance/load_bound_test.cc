#include "proxy/balance/load_bound.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::shared_ptr<const Balancer> bounded(config::Policy policy, double max_load,
                                        std::vector<Member> members) {
  config::Balance balance;
  balance.policy = policy;
  balance.hash.max_load = max_load;
  return make_balancer(balance, by_id(std::move(members)));
}

std::uint64_t held_by_all(const Balancer& balancer) {
  std::uint64_t sum = 0;
  for (const Member& member : balancer.members()) sum += member.live->load;
  return sum;
}

// What the paper says of n bins, for m balls in all.
std::uint32_t capacity(double c, std::uint64_t m, std::uint64_t n) {
  return static_cast<std::uint32_t>(std::ceil(c * static_cast<double>(m) / static_cast<double>(n)));
}

TEST(LoadBound, IsTheShareOfEachByWeight) {
  struct Row {
    std::vector<std::uint32_t> weights, loads;
    std::uint32_t c;
    std::vector<std::uint64_t> most;
  };
  const Row rows[] = {
      {{1, 1, 1, 1}, {0, 0, 0, 0}, 1250, {1, 1, 1, 1}},
      {{1, 1, 1, 1}, {7, 0, 0, 0}, 1250, {3, 3, 3, 3}},  // 1.25 * 8 / 4 = 2.5
      {{1, 1}, {9, 0}, 1000, {5, 5}},                    // exactly 5
      {{1}, {9}, 1100, {11}},                            // 1.1 * 10 is 11 and no hair more
      {{3, 1}, {4, 3}, 1250, {8, 3}},                    // 7.5 and 2.5
      {{1, 65535}, {0, 65535}, 1000, {1, 65535}},        // 1 and 65535, exactly
      {{65535}, {1u << 31}, 100'000, {100 * ((1ull << 31) + 1)}},  // as large as may be
  };
  for (const Row& row : rows) {
    const auto members = fleet(row.weights);
    std::vector<Candidate> candidates;
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      members[i].live->load = row.loads[i];
      candidates.push_back({members[i].live.get(), members[i].weight, i});
    }
    const Filter anyone = Filter::anyone(Verdict::eligible);
    const LoadBound bound(candidates, anyone, row.c);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      EXPECT_EQ(bound.most(candidates[i]), row.most[i]) << row.c << " of " << row.loads[0];
    }
  }
}

TEST(LoadBound, CountsThoseWhoTakePart) {
  const auto members = fleet({1, 1, 1});
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < 3; ++i) candidates.push_back({members[i].live.get(), 1, i});
  members[0].live->load = 100;
  members[0].live->verdict = Verdict::never;
  members[1].live->load = 3;
  const Filter anyone = Filter::anyone(Verdict::eligible);
  EXPECT_EQ(LoadBound(candidates, anyone, 1000).most(candidates[2]), 2u) << "(3 + 1) / 2";
  Tried tried;
  tried.add(members[1].live.get());
  const Filter others = Filter::untried(Verdict::eligible, tried);
  EXPECT_EQ(LoadBound(candidates, others, 1000).most(candidates[2]), 1u);
  members[2].live->verdict = Verdict::never;
  EXPECT_TRUE(LoadBound(candidates, others, 1000).is_of_nobody());
}

class Bounded : public ::testing::TestWithParam<config::Policy> {};

INSTANTIATE_TEST_SUITE_P(Policies, Bounded,
                         ::testing::Values(config::Policy::hash, config::Policy::maglev),
                         [](const auto& test) {
                           return test.param == config::Policy::hash ? "Ketama" : "Maglev";
                         });

// One hot key among others, at every number of connections.
TEST_P(Bounded, NobodyEverHoldsMoreThanItsShare) {
  struct Row {
    std::size_t n;
    double c;
    int connections;
    int hot_percent;
  };
  for (const auto& [n, c, connections, hot_percent] :
       {Row{10, 1.25, 2000, 50}, Row{10, 1.25, 1000, 100}, Row{3, 1.5, 1000, 90},
        Row{7, 2, 700, 30}, Row{5, 1, 500, 80}}) {
    const auto balancer = bounded(GetParam(), c, crowd(n));
    Cursor cursor(0, 0);
    std::vector<Pick> held;
    for (int i = 0; i < connections; ++i) {
      const bool is_hot = i % 100 < hot_percent;
      held.push_back(balancer->pick(
          {is_hot ? "192.0.2.1" : client_address(static_cast<std::uint32_t>(i))}, {}, cursor));
      ASSERT_TRUE(held.back());
      ASSERT_LE(held.back().member->live->load, capacity(c, held.size(), n))
          << "connection " << i << " of " << n << " bins";
    }
  }
}

TEST_P(Bounded, AKeyStaysAtHomeWhileThereIsRoom) {
  const auto unbounded = balance_by(GetParam(), crowd(10));
  const auto balancer = bounded(GetParam(), 1.25, crowd(10));
  std::vector<Pick> hot;
  Cursor cursor(0, 0);
  for (int i = 0; i < 199; ++i) hot.push_back(balancer->pick({"192.0.2.1"}, {}, cursor));
  int away = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::string key = client_address(i);
    const std::string expected = home(*unbounded, key);
    const std::string now = home(*balancer, key);
    const auto& its_home = live(*balancer, expected);
    if (its_home.load < capacity(1.25, 200, 10)) {
      EXPECT_EQ(now, expected) << key;
    } else {
      EXPECT_NE(now, expected) << key;
      ++away;
    }
  }
  EXPECT_GT(away, 0);
  hot.clear();
  for (std::uint32_t i = 0; i < 300; ++i) {
    EXPECT_EQ(home(*balancer, client_address(i)), home(*unbounded, client_address(i)));
  }
}

TEST_P(Bounded, WhatIsTooMuchGoesWhereItWouldGoIfItsHomeWereDown) {
  const auto balancer = bounded(GetParam(), 1.25, crowd(10));
  Cursor cursor(0, 0);
  std::vector<std::string> row;  // home, heir, heir of the heir ...
  for (std::size_t i = 0; i < 10; ++i) {
    row.push_back(home(*balancer, "192.0.2.1"));
    live(*balancer, row.back()).verdict = Verdict::never;
  }
  for (const Member& member : balancer->members()) member.live->verdict = Verdict::eligible;
  std::vector<Pick> held;
  for (std::uint32_t i = 0; i < 200; ++i) {
    std::string expected;
    for (const std::string& id : row) {
      if (!expected.empty() || live(*balancer, id).load >= capacity(1.25, i + 1, 10)) continue;
      expected = id;
    }
    held.push_back(balancer->pick({"192.0.2.1"}, {}, cursor));
    ASSERT_EQ(held.back().member->id(), expected) << i;
  }
}

TEST_P(Bounded, HoldsWithoutAKeyToo) {
  const auto balancer = bounded(GetParam(), 1, crowd(4));
  live(*balancer, balancer->members()[1].id()).load = 5;
  Cursor cursor(0, 0);
  std::map<std::string, int> counts;
  std::vector<Pick> held;
  for (int i = 0; i < 9; ++i) held.push_back(balancer->pick({}, {}, cursor));
  for (const Member& member : balancer->members()) EXPECT_LE(member.live->load, 5u) << member.id();
  EXPECT_EQ(held_by_all(*balancer), 14u);
}

TEST_P(Bounded, ARetryGoesToAnotherHoweverFull) {
  const auto balancer = bounded(GetParam(), 1, crowd(2));
  const std::string first = home(*balancer, "192.0.2.1");
  const std::string other = balancer->members()[first == balancer->members()[0].id()].id();
  live(*balancer, other).load = 50;
  Tried tried;
  tried.add(&live(*balancer, first));
  EXPECT_EQ(home(*balancer, "192.0.2.1", tried), other);
}

// Workers only make connections: what all hold only grows, so what it is after a pick bounds what
// anybody may have been given before.
TEST_P(Bounded, NobodyGoesOverItHoweverManyWorkersPick) {
  constexpr std::uint32_t kInstances = 5, kWorkers = 3, kPicks = 1500;
  const auto balancer = bounded(GetParam(), 1.25, crowd(kInstances));
  std::vector<std::vector<Pick>> held(kWorkers);
  std::vector<std::thread> workers;
  std::atomic<int> over{0};
  for (std::uint32_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      Cursor cursor(worker, worker);
      for (std::uint32_t i = 0; i < kPicks; ++i) {
        const std::string key = i % 10 < 8 ? "192.0.2.1" : client_address(i % 977);
        held[worker].push_back(balancer->pick({key}, {}, cursor));
        const std::uint32_t load = held[worker].back().member->live->load;
        if (load > capacity(1.25, held_by_all(*balancer), kInstances)) ++over;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(over, 0);
  EXPECT_EQ(held_by_all(*balancer), kWorkers * kPicks);
}

}  // namespace
}  // namespace sluice::balance::testing
