#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::shared_ptr<const Balancer> two_choices(std::vector<Member> members) {
  return balance_by(config::Policy::p2c, std::move(members));
}

TEST(TwoChoices, OfTwoTheLessLoadedTakesAll) {
  const auto balancer = two_choices(fleet({1, 1}));
  live(*balancer, "a").load = 60;
  Cursor cursor(3, 3);
  std::vector<Pick> held;
  for (int i = 0; i < 50; ++i) held.push_back(balancer->pick({}, {}, cursor));
  EXPECT_EQ(live(*balancer, "b").load, 50u) << "two distinct candidates are always compared";
}

TEST(TwoChoices, OnlyTheGoodOneIsLeft) {
  const auto balancer = two_choices(fleet({1, 1, 1}));
  live(*balancer, "a").verdict = Verdict::never;
  Tried tried;
  tried.add(&live(*balancer, "b"));
  Cursor cursor(3, 3);
  EXPECT_EQ(sequence(*balancer, cursor, 10, tried), "cccccccccc");
}

TEST(TwoChoices, ComparesByWeight) {
  const auto balancer = two_choices(fleet({1, 10}));
  live(*balancer, "a").load = 1;
  live(*balancer, "b").load = 9;
  Cursor cursor(3, 3);
  EXPECT_EQ(sequence(*balancer, cursor, 5), "bbbbb");
}

TEST(TwoChoices, TheMostLoadedIsNeverTakenThoughMostAreDown) {
  auto members = crowd(300);
  for (std::size_t i = 3; i < members.size(); ++i) members[i].live->verdict = Verdict::never;
  members[1].live->load = 9;
  const auto balancer = two_choices(members);
  Cursor cursor(3, 3);
  const auto counts = tally(pick_ids(*balancer, cursor, 300));
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_FALSE(counts.contains(members[1].id()));
}

// Placing n balls into n bins leaves a fullest bin of about ln n / ln ln n when drawn at random,
// and of about ln ln n / ln 2 with two choices.
TEST(TwoChoices, KeepsTheFullestLow) {
  const auto balancer = two_choices(crowd(1000));
  Cursor cursor(3, 3);
  std::vector<Pick> held;
  for (int i = 0; i < 1000; ++i) held.push_back(balancer->pick({}, {}, cursor));
  std::uint32_t fullest = 0;
  for (const Member& member : balancer->members()) {
    fullest = std::max(fullest, member.live->load.load());
  }
  EXPECT_LE(fullest, 4u);
}

}  // namespace
}  // namespace sluice::balance::testing
