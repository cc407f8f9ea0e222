#include "registry/health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

namespace sluice::registry {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

config::Check rule(std::uint32_t rise, std::uint32_t fall) {
  config::Check check;
  check.rise = rise;
  check.fall = fall;
  return check;
}

// '+' a success, '-' a failure; answers the verdict after each: c(hecking), U(p), D(own), n(one).
std::string observe(CheckMachine& machine, std::string_view probes) {
  std::string verdicts;
  for (const char probe : probes) {
    const CheckState before = machine.state();
    const bool flipped = machine.observe(probe == '+');
    EXPECT_EQ(flipped, machine.state() != before) << "after " << verdicts;
    verdicts += machine.state() == CheckState::up     ? 'U'
                : machine.state() == CheckState::down ? 'D'
                : machine.state() == CheckState::none ? 'n'
                                                      : 'c';
  }
  return verdicts;
}

struct Sequence {
  const char* situation;
  std::uint32_t rise, fall;
  CheckState start;
  const char* probes;
  const char* verdicts;
};

TEST(CheckMachine, FollowsRiseAndFall) {
  const auto up = CheckState::up, down = CheckState::down, checking = CheckState::checking;
  const Sequence table[] = {
      {"the first verdict needs one success", 2, 3, checking, "+", "U"},
      {"the first verdict needs one failure", 2, 3, checking, "-", "D"},
      {"falls at the third failure in a row", 2, 3, up, "---", "UUD"},
      {"rises at the second success in a row", 2, 3, down, "++", "DU"},
      {"a success sets the failures back", 2, 3, up, "--+--+---", "UUUUUUUUD"},
      {"a failure sets the successes back", 3, 2, down, "++-++-+++", "DDDDDDDDU"},
      {"flapping while down never goes up", 2, 3, down, "+-+-+-+-", "DDDDDDDD"},
      {"flapping while up never goes down", 2, 2, up, "-+-+-+-+", "UUUUUUUU"},
      {"a verdict starts the counts anew", 2, 3, checking, "----++--+---", "DDDDDUUUUUUD"},
      {"one each: every probe decides", 1, 1, up, "-+-+", "DUDU"},
      {"without a check nothing moves", 1, 1, CheckState::none, "+-", "nn"},
  };
  for (const Sequence& row : table) {
    CheckMachine machine(rule(row.rise, row.fall), row.start);
    EXPECT_EQ(observe(machine, row.probes), row.verdicts) << row.situation;
  }
}

TEST(CheckMachine, IsChangingBetweenVerdictsAndBeforeTheFirst) {
  CheckMachine machine(rule(2, 3), CheckState::checking);
  EXPECT_TRUE(machine.is_changing());
  observe(machine, "+");
  EXPECT_FALSE(machine.is_changing());
  observe(machine, "-");
  EXPECT_TRUE(machine.is_changing());
  observe(machine, "+");
  EXPECT_FALSE(machine.is_changing());
  observe(machine, "---");
  EXPECT_FALSE(machine.is_changing());
  observe(machine, "+");
  EXPECT_TRUE(machine.is_changing());
}

TEST(CheckMachine, KeepsItsVerdictWhenTheRuleChanges) {
  CheckMachine machine(rule(2, 3), CheckState::down);
  machine.reconfigure(rule(1, 1));
  EXPECT_EQ(machine.state(), CheckState::down);
  EXPECT_EQ(observe(machine, "+-"), "UD");
  machine.reconfigure(rule(3, 3));
  EXPECT_EQ(observe(machine, "+++---"), "DDUUUD");
}

TEST(CheckMachine, LosesItsVerdictWithTheCheckAndStaysInRotationWhenOneIsAdded) {
  config::Check none;
  none.type = config::CheckType::none;
  CheckMachine machine(rule(2, 3), CheckState::down);
  observe(machine, "+");
  machine.reconfigure(none);
  EXPECT_EQ(machine.state(), CheckState::none);
  EXPECT_FALSE(machine.is_changing());
  machine.reconfigure(rule(2, 3));
  EXPECT_EQ(observe(machine, "---"), "UUD");
}

config::Outlier outlier(config::Duration base, config::Duration max) {
  config::Outlier rule;
  rule.base = base;
  rule.max = max;
  return rule;
}

// Ejects at `now_ms` and answers for how long.
std::uint64_t eject(const config::Outlier& rule, OutlierMachine& machine, std::uint64_t now_ms) {
  const std::uint64_t until_ms = machine.eject(rule, now_ms);
  EXPECT_TRUE(machine.is_ejected());
  EXPECT_EQ(machine.next_ms(), until_ms);
  EXPECT_FALSE(machine.advance(until_ms - 1));
  EXPECT_TRUE(machine.is_ejected());
  EXPECT_TRUE(machine.advance(until_ms));
  EXPECT_FALSE(machine.advance(until_ms)) << "returns once";
  EXPECT_FALSE(machine.is_ejected());
  EXPECT_EQ(machine.next_ms(), kNever);
  return until_ms - now_ms;
}

// Envoy's vectors of times: ejections as long as each is said, after so many intervals without one.
TEST(OutlierMachine, LastsAsLongAsInEnvoysVectors) {
  struct Step {
    std::uint64_t clean_intervals, lasts_ms;
  };
  struct Vector {
    const char* what;
    config::Duration base, max;
    std::vector<Step> steps;
  };
  const std::vector<Vector> table = {
      {"grows, falls by one an interval, and is forgotten",
       10s,
       300s,
       {{0, 10'000}, {0, 20'000}, {0, 30'000}, {2, 20'000}, {50, 10'000}}},
      {"the largest is no multiple of the base", 10s, 25s, {{0, 10'000}, {0, 20'000}, {0, 25'000}}},
      {"the base where the largest is smaller", 10s, 5s, {{0, 10'000}, {0, 10'000}}},
  };
  for (const Vector& row : table) {
    SCOPED_TRACE(row.what);
    const config::Outlier rule = outlier(row.base, row.max);
    OutlierMachine machine;
    std::uint64_t now_ms = 1'000;
    for (const Step& step : row.steps) {
      now_ms += step.clean_intervals * static_cast<std::uint64_t>(row.base.count());
      const std::uint64_t lasted = eject(rule, machine, now_ms);
      EXPECT_EQ(lasted, step.lasts_ms);
      now_ms += lasted;
    }
  }
}

TEST(OutlierMachine, ForgivesOnlyWholeIntervals) {
  const config::Outlier rule = outlier(10s, 300s);
  OutlierMachine machine;
  eject(rule, machine, 0);
  EXPECT_EQ(eject(rule, machine, 19'999), 20'000u);
  EXPECT_EQ(eject(rule, machine, 49'999), 20'000u) << "one interval since 39.999";
}

TEST(OutlierMachine, ReachesItsLongestAndStaysThere) {
  const config::Outlier rule = outlier(10s, 300s);
  OutlierMachine machine;
  std::uint64_t now_ms = 0;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const std::uint64_t lasted = eject(rule, machine, now_ms);
    EXPECT_EQ(lasted, std::min<std::uint64_t>(n * 10'000, 300'000)) << "ejection " << n;
    now_ms += lasted;
  }
  EXPECT_EQ(machine.ejections(), 30u) << "grows no further than it counts";
  EXPECT_EQ(eject(rule, machine, now_ms + 20 * 10'000), 110'000u) << "forgiveness starts at once";
}

TEST(OutlierMachine, EndsAnEjectionThatIsLongOver) {
  const config::Outlier rule = outlier(10s, 300s);
  OutlierMachine machine;
  machine.eject(rule, 0);
  EXPECT_TRUE(machine.advance(3'600'000));
  EXPECT_EQ(eject(rule, machine, 3'600'000), 10'000u)
      << "clean since its end, not since it was noticed";
}

TEST(OutlierMachine, KeepsTheEndOfARunningEjectionWhenTheRuleChanges) {
  const config::Outlier rule = outlier(10s, 300s);
  OutlierMachine machine;
  machine.eject(rule, 0);
  EXPECT_EQ(machine.next_ms(), 10'000u);
  EXPECT_TRUE(machine.advance(10'000));
  EXPECT_EQ(eject(outlier(1s, 2s), machine, 10'000), 2'000u);
}

TEST(OutlierMachine, SuspectsFromSoManyFailuresInARowOn) {
  config::Outlier rule;
  rule.consecutive = 3;
  EXPECT_FALSE(suspects(rule, {2, 0}));
  EXPECT_TRUE(suspects(rule, {3, 0}));
  EXPECT_TRUE(suspects(rule, {4, 0}));
  rule.consecutive = 0;
  EXPECT_FALSE(suspects(rule, {0, 0}));
  EXPECT_FALSE(suspects(rule, {1'000'000, 0})) << "0: never";
}

TEST(FailureRow, SaysWhatFailed) {
  EXPECT_EQ(words({5, 0}), "5 connect failures in a row");
  EXPECT_EQ(words({0, 3}), "3 early closes in a row");
  EXPECT_EQ(words({1, 1}), "1 connect failure and 1 early close in a row");
}

struct Limit {
  const char* situation;
  std::uint32_t max_percent, keep_at_least, members, down, allowed;
};

// Of `members`, `down` are down before; one after the other of those that are not is ejected.
TEST(Ejection, IsBoundedByHowManyAreOutAndHowManyAreLeft) {
  const Limit table[] = {
      {"half of ten", 50, 1, 10, 0, 5},
      {"rounded down", 50, 1, 5, 0, 2},
      {"one percent of two is one", 1, 1, 2, 0, 1},
      {"one percent of 99 is one", 1, 0, 99, 0, 1},
      {"one percent of 200 is two", 1, 0, 200, 0, 2},
      {"0 percent is none", 0, 0, 100, 0, 0},
      {"all of them where nothing is kept", 100, 0, 4, 0, 4},
      {"all but the kept", 100, 1, 4, 0, 3},
      {"a lone instance is kept", 100, 1, 1, 0, 0},
      {"a lone instance may go where nothing is kept", 50, 0, 1, 0, 1},
      {"keep_at_least wins over the percentage", 50, 8, 10, 0, 2},
      {"keep_at_least wins over the one that is always allowed", 1, 2, 2, 0, 0},
      {"more to keep than there are", 100, 5, 3, 0, 0},
      {"more than all", 300, 0, 3, 0, 3},
      {"those that are down are not kept", 100, 1, 10, 8, 1},
      {"the last that is not down is", 50, 1, 3, 2, 0},
      {"the share is that of all, down or not", 50, 0, 10, 4, 5},
  };
  for (const Limit& row : table) {
    config::Outlier rule;
    rule.max_percent = row.max_percent;
    rule.keep_at_least = row.keep_at_least;
    std::uint32_t ejected = 0;
    for (std::uint32_t able = row.members - row.down; able != 0; --able) {
      if (!may_eject(rule, row.members, ejected, able - 1)) break;
      ++ejected;
    }
    EXPECT_EQ(ejected, row.allowed) << row.situation;
  }
}

TEST(Ejection, OfALargeServiceDoesNotOverflow) {
  config::Outlier rule;
  rule.max_percent = 100;
  rule.keep_at_least = 0;
  EXPECT_TRUE(may_eject(rule, 4'000'000'000u, 3'999'999'999u, 0));
  EXPECT_FALSE(may_eject(rule, 4'000'000'000u, 4'000'000'000u, 0));
}

}  // namespace
}  // namespace sluice::registry
