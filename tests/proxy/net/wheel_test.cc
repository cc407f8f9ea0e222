#include "proxy/net/wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/proxy/net/run_loop.h"

namespace sluice::net {
namespace {

using test::run_turns;
using test::run_until;

constexpr std::uint64_t kRoundMs = 4096 * Wheel::kTickMs;

class Alarm final : public Deadline {
 public:
  explicit Alarm(std::function<void()> rings = [] {}) : rings_(std::move(rings)) {}
  int times = 0;
  std::function<void()> rings_;

 private:
  void on_deadline() override {
    ++times;
    rings_();
  }
};

class WheelTest : public ::testing::Test {
 protected:
  std::uint64_t in(std::uint64_t ms) const { return loop.now_ms() + ms; }
  bool run_until_rung(const Alarm& alarm, int times = 1) {
    return run_until(loop, [&] { return alarm.times >= times; });
  }

  Loop loop;
  Wheel wheel{loop};
};

TEST_F(WheelTest, ADeadlineIsMetOnceAndIsNoLongerSet) {
  bool was_set_meanwhile = true;
  Alarm alarm;
  alarm.rings_ = [&] { was_set_meanwhile = alarm.is_set(); };
  wheel.set(alarm, in(20));
  EXPECT_TRUE(alarm.is_set());

  ASSERT_TRUE(run_until_rung(alarm));

  EXPECT_FALSE(was_set_meanwhile);
  run_turns(loop, 3 * Wheel::kTickMs);
  EXPECT_EQ(alarm.times, 1);
}

// A libuv timer a tick behind each deadline is the witness: libuv calls timers in the order of
// their times, so the deadline must have been met by then, however busy the machine is.
TEST_F(WheelTest, DeadlinesAreMetNeitherBeforeTheirTimeNorATickLater) {
  constexpr int kAlarms = 300;
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<std::unique_ptr<Timer>> witnesses;
  int early = 0, late = 0, met = 0;
  for (int i = 0; i < kAlarms; ++i) {
    const std::uint64_t delay = random() % 400;
    const std::uint64_t at = in(delay);
    alarms.push_back(std::make_unique<Alarm>([&, at] {
      ++met;
      if (loop.now_ms() < at) ++early;
    }));
    Alarm& alarm = *alarms.back();
    witnesses.push_back(std::make_unique<Timer>(loop, [&] {
      if (alarm.times != 1) ++late;
    }));
    wheel.set(alarm, at);
    // A deadline that is now already comes at the next tick.
    witnesses.back()->start(delay + Wheel::kTickMs + 1);
  }
  ASSERT_TRUE(run_until(loop, [&] { return met == kAlarms && !witnesses.back()->is_running(); }));
  for (const auto& each : witnesses) {
    ASSERT_TRUE(run_until(loop, [&] { return !each->is_running(); }));
  }
  EXPECT_EQ(early, 0);
  EXPECT_EQ(late, 0);
}

TEST_F(WheelTest, APastTimeComesAtTheNextTickNotAtOnce) {
  Alarm alarm;
  wheel.set(alarm, 0);
  EXPECT_EQ(alarm.times, 0);
  EXPECT_TRUE(run_until_rung(alarm));
}

TEST_F(WheelTest, ACancelledDeadlineIsNotMet) {
  Alarm cancelled, never_set, witness;
  wheel.set(cancelled, in(10));
  wheel.set(witness, in(30));
  cancelled.cancel();
  never_set.cancel();
  EXPECT_FALSE(cancelled.is_set());

  ASSERT_TRUE(run_until_rung(witness));
  EXPECT_EQ(cancelled.times, 0);
}

TEST_F(WheelTest, ADeadlineThatGoesAwayIsCancelled) {
  Alarm witness;
  wheel.set(witness, in(30));
  {
    Alarm gone;
    wheel.set(gone, in(10));
  }
  EXPECT_TRUE(run_until_rung(witness));
}

TEST_F(WheelTest, MovingReplacesTheFirstTime) {
  Alarm later, sooner, witness;
  wheel.set(later, in(10));
  wheel.set(sooner, in(kRoundMs * 10));
  wheel.set(witness, in(40));
  wheel.set(later, in(kRoundMs * 10));
  wheel.set(sooner, in(10));

  ASSERT_TRUE(run_until_rung(witness));
  EXPECT_EQ(later.times, 0);
  EXPECT_EQ(sooner.times, 1);
}

TEST_F(WheelTest, ASoonerOneThatIsSetLaterIsStillInTime) {
  Alarm far, near;
  wheel.set(far, in(3'600'000));
  run_turns(loop, 20);
  wheel.set(near, in(10));
  EXPECT_TRUE(run_until_rung(near));
  EXPECT_TRUE(far.is_set());
}

TEST_F(WheelTest, SleepsWhenNothingIsSet) {
  Alarm alarm;
  wheel.set(alarm, in(5));
  loop.run();  // returns once there is nothing to wait for
  EXPECT_EQ(alarm.times, 1);
}

// --- From within a deadline

TEST_F(WheelTest, MaySetItselfAgainAndOthersGoOn) {
  Alarm again, other;
  again.rings_ = [&] {
    if (again.times < 5) wheel.set(again, 0);  // past: yet not in this same delivery
  };
  other.rings_ = [&] { EXPECT_LE(again.times, 2); };
  wheel.set(again, in(10));
  wheel.set(other, in(10));
  EXPECT_TRUE(run_until_rung(again, 5));
  EXPECT_EQ(other.times, 1);
}

TEST_F(WheelTest, MayDestroyItself) {
  bool rang = false;
  std::unique_ptr<Alarm> alarm;
  alarm = std::make_unique<Alarm>([&] {
    rang = true;
    alarm.reset();
  });
  wheel.set(*alarm, in(5));
  EXPECT_TRUE(run_until(loop, [&] { return rang; }));
}

// All are due in one tick; whoever comes first takes the others away, each in another manner.
TEST_F(WheelTest, MayTakeAwayOthersThatAreDueInTheSameTick) {
  enum class How { destroy, cancel, move };
  for (const How how : {How::destroy, How::cancel, How::move}) {
    constexpr std::size_t kAlarms = 20;
    std::vector<std::unique_ptr<Alarm>> alarms(kAlarms);
    std::size_t rung = 0;
    for (std::size_t i = 0; i < kAlarms; ++i) {
      alarms[i] = std::make_unique<Alarm>([&, i] {
        ++rung;
        for (std::size_t other = 0; other < kAlarms; ++other) {
          if (other == i) continue;
          if (how == How::destroy) alarms[other].reset();
          if (how == How::cancel) alarms[other]->cancel();
          if (how == How::move) wheel.set(*alarms[other], in(kRoundMs * 2));
        }
      });
      wheel.set(*alarms[i], in(10));
    }
    Alarm witness;
    wheel.set(witness, in(40));
    ASSERT_TRUE(run_until_rung(witness));
    EXPECT_EQ(rung, 1u);
  }
}

TEST_F(WheelTest, MayDestroyItsNeighboursInTheSlotInAnyOrder) {
  for (int seed = 0; seed < 50; ++seed) {
    constexpr std::size_t kAlarms = 16;
    std::mt19937 random(static_cast<unsigned>(seed));
    std::vector<std::unique_ptr<Alarm>> alarms(kAlarms);
    std::size_t gone = 0;
    std::size_t rung = 0;
    const auto destroy = [&](std::size_t i) {
      if (alarms[i] == nullptr) return;
      alarms[i].reset();
      ++gone;
    };
    for (std::size_t i = 0; i < kAlarms; ++i) {
      alarms[i] = std::make_unique<Alarm>([&, i] {
        ++rung;
        destroy(random() % kAlarms);  // itself perhaps
      });
      wheel.set(*alarms[i], in(5));
    }
    Alarm witness;
    wheel.set(witness, in(20));
    ASSERT_TRUE(run_until_rung(witness));
    EXPECT_LE(rung, kAlarms);
    EXPECT_GE(rung + gone, kAlarms);  // who did not ring was destroyed before
  }
}

// --- Beyond one round of the wheel, 32.8 s. Whatever lies in a slot that comes up must stay there
// until its own round; the slots are what is tested, not the waiting.

TEST_F(WheelTest, ALaterRoundsDeadlineInTheSameSlotStays) {
  Alarm now;
  std::vector<std::unique_ptr<Alarm>> later;
  const std::uint64_t at = in(20);
  for (std::uint64_t round = 1; round <= 5; ++round) {
    later.push_back(std::make_unique<Alarm>());
    wheel.set(*later.back(), at + round * kRoundMs);
  }
  wheel.set(now, at);

  ASSERT_TRUE(run_until_rung(now));
  run_turns(loop, 3 * Wheel::kTickMs);

  for (const auto& each : later) {
    EXPECT_TRUE(each->is_set());
    EXPECT_EQ(each->times, 0);
  }
}

TEST_F(WheelTest, AFullWheelOfFarDeadlinesLeavesTheNearOnesAlone) {
  std::vector<std::unique_ptr<Alarm>> far;
  for (std::uint64_t slot = 0; slot < 4096; ++slot) {
    far.push_back(std::make_unique<Alarm>());
    wheel.set(*far.back(), in(kRoundMs + slot * Wheel::kTickMs));
  }
  for (int i = 0; i < 10; ++i) {
    Alarm near;
    wheel.set(near, in(10));
    ASSERT_TRUE(run_until_rung(near));
  }
  for (const auto& each : far) EXPECT_TRUE(each->is_set() && each->times == 0);
}

TEST_F(WheelTest, TimesAreWiderThan32Bits) {
  Alarm alarm, witness;
  wheel.set(alarm, in(std::uint64_t{1} << 40));
  wheel.set(witness, in(20));
  ASSERT_TRUE(run_until_rung(witness));
  EXPECT_EQ(alarm.times, 0);
  EXPECT_TRUE(alarm.is_set());
}

// --- Against a model: a map from the deadline to its time

TEST_F(WheelTest, DoesWhatTheModelDoesUnderRandomOperations) {
  constexpr std::size_t kAlarms = 1'000;
  constexpr int kOperations = 100'000;
  constexpr int kATurn = 500;
  std::mt19937 random(20);
  std::map<std::size_t, std::uint64_t> model;
  int unexpected = 0;
  int early = 0;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (std::size_t i = 0; i < kAlarms; ++i) {
    alarms.push_back(std::make_unique<Alarm>([&, i] {
      const auto set = model.find(i);
      if (set == model.end()) {
        ++unexpected;
        return;
      }
      if (loop.now_ms() < set->second) ++early;
      model.erase(set);
    }));
  }
  int operations = 0;
  const auto operate = [&] {
    const std::size_t i = random() % kAlarms;
    if (random() % 3 == 0) {
      alarms[i]->cancel();
      model.erase(i);
    } else {
      model[i] = in(random() % 150);
      wheel.set(*alarms[i], model[i]);
    }
    ++operations;
  };
  ASSERT_TRUE(run_until(loop, [&] {
    for (int i = 0; i < kATurn; ++i) operate();
    for (std::size_t i = 0; i < kAlarms; ++i) {
      if (alarms[i]->is_set() != model.contains(i)) ++unexpected;
    }
    return operations >= kOperations;
  }));
  EXPECT_TRUE(run_until(loop, [&] { return model.empty(); }));  // none is forgotten
  EXPECT_EQ(unexpected, 0);
  EXPECT_EQ(early, 0);
}

}  // namespace
}  // namespace sluice::net
