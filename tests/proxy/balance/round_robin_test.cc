#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::shared_ptr<const Balancer> round_robin(std::vector<Member> members) {
  return balance_by(config::Policy::round_robin, std::move(members));
}

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

struct SmoothCase {
  std::vector<std::uint32_t> weights;
  std::string cycle;
};

class Smooth : public ::testing::TestWithParam<SmoothCase> {};

TEST_P(Smooth, FollowsTheSequenceForThreeCycles) {
  const auto balancer = round_robin(fleet(GetParam().weights));
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*balancer, cursor, 3 * GetParam().cycle.size()), repeat(GetParam().cycle, 3));
}

INSTANTIATE_TEST_SUITE_P(Nginx, Smooth,
                         ::testing::Values(SmoothCase{{5, 1, 1}, "aabacaa"},
                                           SmoothCase{{1, 2, 3}, "cbacbc"},
                                           SmoothCase{{3, 3, 1}, "abcabab"},
                                           SmoothCase{{2, 1}, "aba"},
                                           SmoothCase{{10, 1}, "aaaaabaaaaa"},
                                           SmoothCase{{1, 1, 1, 1}, "abcd"}, SmoothCase{{7}, "a"}));

TEST(RoundRobin, EqualWeightsShareEqually) {
  const auto balancer = round_robin(fleet({1, 1}));
  Cursor cursor(0, 0);
  EXPECT_EQ(tally(pick_ids(*balancer, cursor, 30)),
            (std::map<std::string, int>{{"a", 15}, {"b", 15}}));
}

TEST(RoundRobin, WeightsOneAndTwoShareTenToTwenty) {
  const auto balancer = round_robin(fleet({1, 2}));
  Cursor cursor(0, 0);
  EXPECT_EQ(tally(pick_ids(*balancer, cursor, 30)),
            (std::map<std::string, int>{{"a", 10}, {"b", 20}}));
}

TEST(RoundRobin, ThoseWhoArePassedOverCostTheOthersNothing) {
  const auto balancer = round_robin(fleet({1, 1, 1, 1}));
  live(*balancer, "a").verdict = Verdict::never;
  Tried tried;
  tried.add(&live(*balancer, "b"));
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*balancer, cursor, 6, tried), "cdcdcd");
}

TEST(RoundRobin, AnInstanceThatComesBackHasNoArrearsToCatchUpOn) {
  const auto balancer = round_robin(fleet({1, 1, 1}));
  Cursor cursor(0, 0);
  live(*balancer, "b").verdict = Verdict::never;
  EXPECT_EQ(sequence(*balancer, cursor, 10), "acacacacac");
  live(*balancer, "b").verdict = Verdict::eligible;
  EXPECT_EQ(sequence(*balancer, cursor, 6), "abcabc");
}

TEST(RoundRobin, EverySeedWalksTheSameCycleFromAnotherPlace) {
  const auto balancer = round_robin(fleet({5, 1, 1}));
  const std::string cycles = repeat("aabacaa", 4);
  std::set<std::string> starts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Cursor cursor(static_cast<std::uint32_t>(seed), seed);
    const std::string picked = sequence(*balancer, cursor, 14);
    EXPECT_NE(cycles.find(picked), std::string::npos) << "seed " << seed << ": " << picked;
    starts.insert(picked);
  }
  EXPECT_EQ(starts.size(), 7u) << "all places of the cycle are somebody's start";
}

TEST(RoundRobin, PositionsAreCarriedOverToANewVersion) {
  auto members = fleet({5, 1, 1});
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*round_robin(members), cursor, 3), "aab");
  EXPECT_EQ(sequence(*round_robin(members), cursor, 4), "acaa");
  EXPECT_EQ(sequence(*round_robin(members), cursor, 7), "aabacaa");
}

TEST(RoundRobin, WhenOneIsRemovedTheOthersGoOnWithWhoIsNext) {
  auto members = fleet({1, 1, 1, 1});
  Cursor cursor(0, 0);
  EXPECT_EQ(sequence(*round_robin(members), cursor, 2), "ab");
  members.erase(members.begin());
  const auto without_a = round_robin(members);
  EXPECT_EQ(sequence(*without_a, cursor, 2), "cd");
  for (const auto& [id, count] : tally(pick_ids(*without_a, cursor, 30))) {
    EXPECT_NEAR(count, 10, 1) << id;
  }
}

TEST(RoundRobin, WorkersDoNotStartTogetherOnAServiceThatWasEmptyAtFirst) {
  const auto empty = round_robin({});
  const auto balancer = round_robin(fleet({1, 1, 1, 1}));
  std::set<std::string> firsts;
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    Cursor cursor(static_cast<std::uint32_t>(seed), seed);
    EXPECT_EQ(sequence(*empty, cursor, 1), "-");
    firsts.insert(sequence(*balancer, cursor, 1));
  }
  EXPECT_EQ(firsts.size(), 4u);
}

TEST(RoundRobin, TheHeaviestWeightsStayFair) {
  const auto balancer = round_robin(fleet({65535, 65535, 1}));
  Cursor cursor(7, 7);
  const auto counts = tally(pick_ids(*balancer, cursor, 2 * 65535 + 1));
  EXPECT_EQ(counts, (std::map<std::string, int>{{"a", 65535}, {"b", 65535}, {"c", 1}}));
}

}  // namespace
}  // namespace sluice::balance::testing
