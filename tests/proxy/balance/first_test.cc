#include <gtest/gtest.h>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

TEST(First, TakesTheFirstByIdAndTheNextOnlyInItsAbsence) {
  const auto balancer = balance_by(config::Policy::first, fleet({1, 9, 1}));
  Cursor cursor(8, 8);
  EXPECT_EQ(sequence(*balancer, cursor, 3), "aaa");
  live(*balancer, "a").verdict = Verdict::never;
  EXPECT_EQ(sequence(*balancer, cursor, 3), "bbb");
  Tried tried;
  tried.add(&live(*balancer, "b"));
  EXPECT_EQ(sequence(*balancer, cursor, 1, tried), "c");
  live(*balancer, "a").verdict = Verdict::eligible;
  EXPECT_EQ(sequence(*balancer, cursor, 3), "aaa");
}

TEST(First, PriorityGoesBeforeId) {
  auto members = fleet({1, 1, 1});
  members[0].priority = 2;
  members[1].priority = 1;
  members[2].priority = 1;
  const auto balancer = balance_by(config::Policy::first, members);
  Cursor cursor(8, 8);
  EXPECT_EQ(sequence(*balancer, cursor, 2), "bb");
  live(*balancer, "b").verdict = Verdict::never;
  live(*balancer, "c").verdict = Verdict::never;
  EXPECT_EQ(sequence(*balancer, cursor, 2), "aa");
}

}  // namespace
}  // namespace sluice::balance::testing
