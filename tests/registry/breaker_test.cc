#include "registry/breaker.h"

#include <gtest/gtest.h>

namespace sluice::registry {
namespace {

config::Breaker rule(std::uint32_t failures) {
  return {failures, config::Duration(1000), 2};
}

// What happens to a breaker of 3 failures and 1 s, and the state that it leaves.
struct Turn {
  enum class What { failed, went_well, went_wrong, time } what;
  FailureRow row;  // of failed
  std::uint64_t at_ms;
  BreakerState then;
};

TEST(BreakerMachine, OpensAfterTheRowTriesAfterTheTimeAndClosesAfterASuccess) {
  using enum Turn::What;
  using enum BreakerState;
  const struct {
    const char* what;
    std::vector<Turn> steps;
  } table[] = {
      {"the row has to be long enough", {{failed, {2, 0}, 0, closed}, {failed, {3, 0}, 1, open}}},
      {"failures of both kinds count", {{failed, {1, 2}, 0, open}}},
      {"open, it hears of nothing",
       {{failed, {3, 0}, 0, open},
        {failed, {9, 0}, 500, open},
        {went_well, {}, 600, open},
        {time, {}, 999, open},
        {time, {}, 1000, half_open}}},
      {"a trial that goes well closes it",
       {{failed, {3, 0}, 0, open}, {time, {}, 1000, half_open}, {went_well, {}, 1001, closed}}},
      {"one that fails opens it, for the same time again",
       {{failed, {3, 0}, 0, open},
        {time, {}, 1000, half_open},
        {went_wrong, {}, 1500, open},
        {time, {}, 2499, open},
        {time, {}, 2500, half_open},
        {went_well, {}, 2501, closed}}},
      {"half open, only trials count",
       {{failed, {3, 0}, 0, open}, {time, {}, 1000, half_open}, {failed, {9, 9}, 1001, half_open}}},
      {"closed, the trials that are left count no more",
       {{failed, {3, 0}, 0, open},
        {time, {}, 1000, half_open},
        {went_well, {}, 1001, closed},
        {went_wrong, {}, 1002, closed},
        {went_well, {}, 1003, closed}}},
  };
  for (const auto& row : table) {
    BreakerMachine machine(rule(3));
    for (std::size_t i = 0; i < row.steps.size(); ++i) {
      const Turn& step = row.steps[i];
      const BreakerState before = machine.state();
      const bool changed = step.what == failed ? machine.failed(rule(3), step.row, step.at_ms)
                           : step.what == time
                               ? machine.advance(step.at_ms)
                               : machine.tried(rule(3), step.what == went_well, step.at_ms);
      EXPECT_EQ(machine.state(), step.then) << row.what << ", step " << i;
      EXPECT_EQ(changed, before != step.then) << row.what << ", step " << i;
      EXPECT_EQ(machine.next_ms() == UINT64_MAX, step.then != open) << row.what << ", step " << i;
    }
  }
}

TEST(BreakerMachine, IsNoneWhereThereIsNone) {
  BreakerMachine machine(rule(0));
  EXPECT_EQ(machine.state(), BreakerState::none);
  EXPECT_FALSE(machine.failed(rule(0), {1'000'000, 0}, 0));
  EXPECT_FALSE(machine.tried(rule(0), false, 0));
  EXPECT_FALSE(machine.advance(UINT64_MAX));
}

TEST(BreakerMachine, FollowsANewRule) {
  BreakerMachine machine(rule(3));
  machine.failed(rule(3), {3, 0}, 0);
  EXPECT_FALSE(machine.reconfigure({1, config::Duration(9000), 1}));
  EXPECT_EQ(machine.next_ms(), 1000u) << "a running time keeps its end";
  EXPECT_TRUE(machine.reconfigure(rule(0)));
  EXPECT_EQ(machine.state(), BreakerState::none) << "without a breaker nothing is open";
  EXPECT_TRUE(machine.reconfigure(rule(2)));
  EXPECT_EQ(machine.state(), BreakerState::closed);
}

}  // namespace
}  // namespace sluice::registry
