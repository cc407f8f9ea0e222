#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::shared_ptr<const Balancer> random_choice(std::vector<Member> members) {
  return balance_by(config::Policy::random, std::move(members));
}

TEST(Random, SharesByWeight) {
  const auto balancer = random_choice(fleet({1, 2, 7}));
  Cursor cursor(42, 42);
  auto counts = tally(pick_ids(*balancer, cursor, 20000));
  EXPECT_NEAR(counts["a"], 2000, 250);
  EXPECT_NEAR(counts["b"], 4000, 350);
  EXPECT_NEAR(counts["c"], 14000, 400);
}

// One of weight 1 and one of weight 3 among hundreds that are down: redrawing does not find them,
// the sum over those who pass does, with the same odds.
TEST(Random, SharesByWeightAlsoWhenNearlyEverybodyIsDown) {
  auto members = crowd(500, 10);
  for (const Member& member : members) member.live->verdict = Verdict::never;
  members[100].live->verdict = Verdict::eligible;
  members[100].weight = 1;
  members[400].live->verdict = Verdict::eligible;
  members[400].weight = 3;
  const auto balancer = random_choice(members);
  Cursor cursor(42, 42);
  auto counts = tally(pick_ids(*balancer, cursor, 8000));
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[members[100].id()], 2000, 200);
  EXPECT_NEAR(counts[members[400].id()], 6000, 200);
}

TEST(Random, TheSameSeedRepeatsItself) {
  const auto balancer = random_choice(fleet({1, 1, 1}));
  Cursor one(9, 9);
  Cursor other(9, 9);
  EXPECT_EQ(sequence(*balancer, one, 100), sequence(*balancer, other, 100));
}

TEST(Cursor, RandomBelowReachesTheWholeRangeAndNothingElse) {
  Cursor cursor(5, 5);
  std::vector<int> seen(7);
  for (int i = 0; i < 7000; ++i) ++seen.at(cursor.random_below(7));
  for (int count : seen) EXPECT_NEAR(count, 1000, 200);
  EXPECT_EQ(cursor.random_below(1), 0u);
}

}  // namespace
}  // namespace sluice::balance::testing
