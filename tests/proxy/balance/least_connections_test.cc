#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::shared_ptr<const Balancer> least_connections(std::vector<Member> members) {
  return balance_by(config::Policy::least_connections, std::move(members));
}

std::vector<Pick> hold(const Balancer& balancer, Cursor& cursor, std::size_t count) {
  std::vector<Pick> held;
  for (std::size_t i = 0; i < count; ++i) held.push_back(balancer.pick({}, {}, cursor));
  return held;
}

std::vector<std::uint32_t> loads(const Balancer& balancer) {
  std::vector<std::uint32_t> all;
  for (const Member& member : balancer.members()) all.push_back(member.live->load);
  return all;
}

TEST(LeastConnections, OneAfterTheOtherIsSharedEqually) {
  const auto balancer = least_connections(fleet({1, 1}));
  Cursor cursor(0, 0);
  EXPECT_EQ(tally(pick_ids(*balancer, cursor, 10)),
            (std::map<std::string, int>{{"a", 5}, {"b", 5}}));
}

TEST(LeastConnections, WhileOneHoldsAConnectionTheOtherTakesAll) {
  const auto balancer = least_connections(fleet({1, 1}));
  Cursor cursor(0, 0);
  const auto held = hold(*balancer, cursor, 1);
  EXPECT_EQ(held[0].member->id(), "a");
  EXPECT_EQ(sequence(*balancer, cursor, 10), "bbbbbbbbbb");
}

TEST(LeastConnections, HeldConnectionsSplitByWeight) {
  const auto balancer = least_connections(fleet({1, 2}));
  Cursor cursor(0, 0);
  const auto held = hold(*balancer, cursor, 30);
  EXPECT_EQ(loads(*balancer), (std::vector<std::uint32_t>{10, 20}));
}

TEST(LeastConnections, IdleInstancesShareByWeight) {
  const auto balancer = least_connections(fleet({5, 1, 1}));
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*balancer, cursor, 14), "aabacaaaabacaa");
}

TEST(LeastConnections, PendingConnectsCountSoThatABurstDoesNotHerd) {
  const auto balancer = least_connections(fleet({1, 1, 1, 1}));
  Cursor cursor(0, 0);
  const auto pending = hold(*balancer, cursor, 40);
  for (const Member& member : balancer->members()) {
    EXPECT_EQ(member.live->load, 10u);
    EXPECT_EQ(member.live->active, 0u);
  }
}

struct LeastCase {
  std::string situation;
  std::vector<std::uint32_t> weights;
  std::vector<std::uint32_t> loads;
  std::string takers;  // all who are as good as the best
};

class Least : public ::testing::TestWithParam<LeastCase> {};

TEST_P(Least, IsTakenByTheBestOnly) {
  const auto& [situation, weights, loads, takers] = GetParam();
  const auto balancer = least_connections(fleet(weights));
  for (std::size_t i = 0; i < loads.size(); ++i) balancer->members()[i].live->load = loads[i];
  Cursor cursor(0, 0);
  std::string seen;
  for (const auto& [id, count] : tally(pick_ids(*balancer, cursor, 50))) seen += id;
  EXPECT_EQ(seen, takers) << situation;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Least,
    ::testing::Values(LeastCase{"the least load", {1, 1, 1}, {3, 1, 2}, "b"},
                      LeastCase{"a tie of two", {1, 1, 1}, {3, 1, 1}, "bc"},
                      LeastCase{"the load counts by weight", {1, 10}, {1, 9}, "b"},
                      LeastCase{"equal by cross multiplication", {2, 3, 1}, {3, 5, 7}, "ab"},
                      LeastCase{"idle ones tie whatever their weight", {1, 10, 1}, {0, 0, 1}, "ab"},
                      LeastCase{"a big one with a connection is still better than a small idle one",
                                {1, 10},
                                {0, 1},
                                "b"},
                      LeastCase{"equal to an idle one", {1, 2, 1}, {0, 1, 0}, "abc"},
                      LeastCase{"the heaviest weight and the greatest load do not overflow",
                                {4294967295, 4294967295},
                                {4294967294, 4294967290},
                                "b"}));

TEST(LeastConnections, TheLoadOfADownInstanceDoesNotMatter) {
  const auto balancer = least_connections(fleet({1, 1, 1}));
  live(*balancer, "a").verdict = Verdict::never;
  live(*balancer, "b").load = 5;
  live(*balancer, "c").load = 6;
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*balancer, cursor, 3), "bbb");
}

// Every pick takes an instance that has the least at that moment, so after any number of held picks
// no two loads by weight are further apart than one connection.
TEST(LeastConnections, IsExactOverAllWorkers) {
  const auto balancer = least_connections(crowd(10));
  for (int phase = 0; phase < 5; ++phase) {
    std::vector<std::vector<Pick>> held(4);
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < held.size(); ++worker) {
      workers.emplace_back([&, worker] {
        Cursor cursor(static_cast<std::uint32_t>(worker + 1), worker + 1);
        held[worker] = hold(*balancer, cursor, 1000);
      });
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(loads(*balancer), std::vector<std::uint32_t>(10, 400)) << "phase " << phase;
    held.clear();
    EXPECT_EQ(loads(*balancer), std::vector<std::uint32_t>(10, 0)) << "phase " << phase;
  }
}

TEST(LeastConnections, IsExactByWeightOverAllWorkers) {
  const auto balancer = least_connections(fleet({1, 2, 3, 4}));
  std::vector<std::vector<Pick>> held(4);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < held.size(); ++worker) {
    workers.emplace_back([&, worker] {
      Cursor cursor(static_cast<std::uint32_t>(worker + 1), worker + 1);
      held[worker] = hold(*balancer, cursor, 1000);
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(loads(*balancer), (std::vector<std::uint32_t>{400, 800, 1200, 1600}));
}

}  // namespace
}  // namespace sluice::balance::testing
