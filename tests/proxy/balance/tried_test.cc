#include "proxy/balance/tried.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

TEST(Tried, StartsEmptyAndKnowsNobody) {
  const auto members = crowd(1);
  const Tried tried;
  EXPECT_TRUE(tried.empty());
  EXPECT_FALSE(tried.contains(members[0].live.get()));
}

TEST(Tried, RemembersAsManyAsItHasPlaces) {
  const auto members = crowd(Tried::kMax);
  Tried tried;
  for (const Member& member : members) tried.add(member.live.get());
  for (const Member& member : members) EXPECT_TRUE(tried.contains(member.live.get()));
}

TEST(Tried, ForgetsTheOldestPastItsPlaces) {
  const auto members = crowd(Tried::kMax + 3);
  Tried tried;
  for (const Member& member : members) tried.add(member.live.get());
  for (std::size_t i = 0; i < members.size(); ++i) {
    EXPECT_EQ(tried.contains(members[i].live.get()), i >= 3) << i;
  }
}

TEST(Tried, AnInstanceTriedAgainTakesNoSecondPlace) {
  const auto members = crowd(Tried::kMax);
  Tried tried;
  for (const Member& member : members) tried.add(member.live.get());
  for (int again = 0; again < 20; ++again) tried.add(members[5].live.get());
  for (const Member& member : members) EXPECT_TRUE(tried.contains(member.live.get()));
}

}  // namespace
}  // namespace sluice::balance::testing
