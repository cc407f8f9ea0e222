#include "registry/instance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::registry {
namespace {

Inputs inputs(Admin admin, CheckState check, OutlierState outlier, std::uint32_t weight) {
  Inputs in;
  in.admin = admin;
  in.check = check;
  in.outlier = outlier;
  in.weight = weight;
  return in;
}

// Each input by itself, from the words' definitions; the oracle takes the worst.
State alone(Admin admin) {
  return admin == Admin::maint ? State::down
                               : (admin == Admin::drain ? State::draining : State::up);
}
State alone(CheckState check) {
  return check == CheckState::down ? State::down
                                   : (check == CheckState::checking ? State::warming : State::up);
}
State alone(OutlierState outlier) {
  return outlier == OutlierState::ejected ? State::down : State::up;
}

std::vector<Inputs> all_combinations() {
  std::vector<Inputs> all;
  for (const Admin admin : {Admin::ready, Admin::drain, Admin::maint}) {
    for (const CheckState check :
         {CheckState::none, CheckState::checking, CheckState::up, CheckState::down}) {
      for (const OutlierState outlier : {OutlierState::none, OutlierState::ejected}) {
        for (const std::uint32_t weight : {0u, 1u, 7u}) {
          all.push_back(inputs(admin, check, outlier, weight));
        }
      }
    }
  }
  return all;
}

std::string describe(const Inputs& in) {
  return admin_words(in) + ", " + check_words(in) + ", " + outlier_words(in) + ", weight " +
         std::to_string(in.weight);
}

TEST(Judge, TakesTheWorstOfTheInputs) {
  for (const Inputs& in : all_combinations()) {
    const State worst = std::max({alone(in.admin), alone(in.check), alone(in.outlier)});
    EXPECT_EQ(judge(in).state, worst) << describe(in);
  }
}

TEST(Judge, LetsConnectionsInOnlyWhereNothingSpeaksAgainstThem) {
  for (const Inputs& in : all_combinations()) {
    int faults = 0;
    if (alone(in.admin) != State::up) ++faults;
    if (alone(in.check) != State::up) ++faults;
    if (alone(in.outlier) != State::up) ++faults;
    if (in.weight == 0) ++faults;
    const bool ejected = in.outlier == OutlierState::ejected;
    const Verdict expected = faults == 0              ? Verdict::eligible
                             : faults == 1 && ejected ? Verdict::last_resort
                                                      : Verdict::never;
    EXPECT_EQ(judge(in).verdict, expected) << describe(in);
  }
}

TEST(Judge, NamesAnInputThatIsAsBadAsTheState) {
  for (const Inputs& in : all_combinations()) {
    const Effective effective = judge(in);
    const auto names = [&](std::string_view input) { return effective.reason->starts_with(input); };
    if (effective.state == State::up) {
      EXPECT_TRUE(names("ok")) << describe(in);
    } else {
      EXPECT_TRUE((names("admin: ") && alone(in.admin) == effective.state) ||
                  (names("check: ") && alone(in.check) == effective.state) ||
                  (names("outlier: ") && alone(in.outlier) == effective.state))
          << describe(in) << " gave " << *effective.reason;
    }
  }
}

struct Reasoned {
  const char* situation;
  Inputs in;
  const char* reason;
};

TEST(Judge, GivesTheOperatorAReason) {
  Inputs refused = inputs(Admin::ready, CheckState::down, OutlierState::none, 1);
  refused.check_reason = "connection refused";
  Inputs refused_in_maint = refused;
  refused_in_maint.admin = Admin::maint;
  refused_in_maint.admin_reason = "disk swap";
  Inputs ejected = inputs(Admin::drain, CheckState::up, OutlierState::ejected, 1);
  ejected.outlier_reason = "5 connect failures in a row; ejection 2, for 60s";
  Inputs ejected_and_refused = ejected;
  ejected_and_refused.check = CheckState::down;

  const Reasoned table[] = {
      {"nothing is wrong", Inputs{}, "ok"},
      {"no weight", inputs(Admin::ready, CheckState::up, OutlierState::none, 0),
       "ok; weight 0 takes nothing new"},
      {"refused", refused, "check: connection refused"},
      {"maint outweighs the check", refused_in_maint, "admin: maint: disk swap"},
      {"the ejection outweighs the drain", ejected,
       "outlier: 5 connect failures in a row; ejection 2, for 60s"},
      {"the check outweighs the ejection", ejected_and_refused, "check: down"},
      {"drain outweighs checking",
       inputs(Admin::drain, CheckState::checking, OutlierState::none, 1), "admin: drain"},
      {"not probed", inputs(Admin::ready, CheckState::checking, OutlierState::none, 1),
       "check: checking"},
  };
  for (const Reasoned& row : table) EXPECT_EQ(judge(row.in).reason, row.reason) << row.situation;
}

TEST(Judge, GivesTheBreakerItsRank) {
  const auto with = [](BreakerState breaker, Inputs in = {}) {
    in.breaker = breaker;
    return judge(in);
  };
  const Inputs ejected = inputs(Admin::ready, CheckState::up, OutlierState::ejected, 1);
  const Inputs drained = inputs(Admin::drain, CheckState::up, OutlierState::none, 1);
  const Inputs refused = inputs(Admin::ready, CheckState::down, OutlierState::none, 1);
  const Inputs weightless = inputs(Admin::ready, CheckState::up, OutlierState::none, 0);
  const struct {
    const char* situation;
    Effective effective;
    State state;
    Verdict verdict;
    const char* reason;
  } table[] = {
      {"closed", with(BreakerState::closed), State::up, Verdict::eligible, "ok"},
      {"open", with(BreakerState::open), State::down, Verdict::never, "breaker: open"},
      {"half open", with(BreakerState::half_open), State::warming, Verdict::trial,
       "breaker: half_open"},
      {"open and ejected", with(BreakerState::open, ejected), State::down, Verdict::never,
       "breaker: open"},
      {"half open and ejected", with(BreakerState::half_open, ejected), State::down, Verdict::never,
       "outlier: ejected"},
      {"half open and drained", with(BreakerState::half_open, drained), State::draining,
       Verdict::never, "admin: drain"},
      {"open and refused", with(BreakerState::open, refused), State::down, Verdict::never,
       "check: down"},
      {"half open without a weight", with(BreakerState::half_open, weightless), State::warming,
       Verdict::never, "breaker: half_open"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(row.effective.state, row.state) << row.situation;
    EXPECT_EQ(row.effective.verdict, row.verdict) << row.situation;
    EXPECT_EQ(row.effective.reason, row.reason) << row.situation;
  }
}

TEST(Words, AreThoseOfTheApi) {
  EXPECT_EQ(word(State::up), "up");
  EXPECT_EQ(word(State::warming), "warming");
  EXPECT_EQ(word(State::draining), "draining");
  EXPECT_EQ(word(State::down), "down");
  EXPECT_EQ(word(Admin::ready), "ready");
  EXPECT_EQ(word(Admin::drain), "drain");
  EXPECT_EQ(word(Admin::maint), "maint");
  EXPECT_EQ(word(CheckState::none), "none");
  EXPECT_EQ(word(CheckState::checking), "checking");
  EXPECT_EQ(word(CheckState::up), "up");
  EXPECT_EQ(word(CheckState::down), "down");
  EXPECT_EQ(word(OutlierState::none), "none");
  EXPECT_EQ(word(OutlierState::ejected), "ejected");
  EXPECT_EQ(word(BreakerState::none), "none");
  EXPECT_EQ(word(BreakerState::closed), "closed");
  EXPECT_EQ(word(BreakerState::open), "open");
  EXPECT_EQ(word(BreakerState::half_open), "half_open");
  EXPECT_EQ(word(Verdict::never), "never");
  EXPECT_EQ(word(Verdict::trial), "trial");
  EXPECT_EQ(word(Verdict::last_resort), "last_resort");
  EXPECT_EQ(word(Verdict::eligible), "eligible");
}

}  // namespace
}  // namespace sluice::registry
