#include "proxy/rollouts.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

class RolloutsTest : public testing::Test {
 protected:
  Rollouts::Done tell(char who) {
    return [this, who] { told += who; };
  }

  Rollouts rollouts;
  std::string told;  // who was, in order
};

TEST_F(RolloutsTest, TellsThoseWhoWaitForAnIndexWhenAllGoByThePlanThatShowsIt) {
  rollouts.await_index(5, tell('a'));
  rollouts.await_index(6, tell('b'));
  rollouts.await_index(9, tell('c'));
  EXPECT_TRUE(rollouts.awaits());
  rollouts.on_progress(1);
  EXPECT_EQ(told, "") << "no plan shows any of it";
  rollouts.on_published(2, 6);
  rollouts.on_progress(1);
  EXPECT_EQ(told, "");
  rollouts.on_progress(2);
  EXPECT_EQ(told, "ab");
  EXPECT_TRUE(rollouts.awaits());
  rollouts.on_published(3, 9);
  rollouts.on_progress(7);
  EXPECT_EQ(told, "abc");
  EXPECT_FALSE(rollouts.awaits());
}

TEST_F(RolloutsTest, TellsThoseWhoWaitForAPlanAfterThoseBefore) {
  rollouts.await_index(5, tell('a'));
  rollouts.on_published(2, 5);
  rollouts.await_version(3, tell('b'));
  rollouts.on_progress(2);
  EXPECT_EQ(told, "a");
  rollouts.on_progress(3);
  EXPECT_EQ(told, "ab");
  EXPECT_FALSE(rollouts.awaits());
}

TEST_F(RolloutsTest, ASkippedPlanIsShownByALaterOne) {
  rollouts.await_version(3, tell('a'));
  rollouts.on_progress(8);
  EXPECT_EQ(told, "a");
}

TEST_F(RolloutsTest, WhoIsToldMayWaitAgain) {
  rollouts.await_version(1, [this] {
    told += 'a';
    rollouts.await_version(2, tell('b'));
  });
  rollouts.on_progress(1);
  EXPECT_EQ(told, "a");
  EXPECT_TRUE(rollouts.awaits());
  rollouts.on_progress(2);
  EXPECT_EQ(told, "ab");
}

}  // namespace
}  // namespace sluice
