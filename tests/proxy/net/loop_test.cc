#include "proxy/net/loop.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/proxy/net/run_loop.h"

namespace sluice::net {
namespace {

using test::run_turns;
using test::run_until;

TEST(Loop, RunsUntilNothingIsLeftToWaitFor) {
  Loop loop;
  bool has_expired = false;
  Timer timer(loop, [&] { has_expired = true; });
  timer.start(1);
  loop.run();
  EXPECT_TRUE(has_expired);
}

TEST(Loop, ItsClockIsTheMonotonicOne) {
  Loop loop;
  EXPECT_LE(loop.now_ms(), monotonic_ms());
  EXPECT_LE(monotonic_ms() - loop.now_ms(), 60'000u);
}

TEST(LoopDeathTest, AHandleThatOutlivesTheLoopEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::optional<Loop> loop(std::in_place);
        Timer timer(*loop, [] {});
        timer.start(1'000);
        loop.reset();
      },
      "");
}

// --- Timer

TEST(Timer, ExpiresOnceAndNotBeforeItsTime) {
  Loop loop;
  int times = 0;
  std::uint64_t at = 0;
  Timer timer(loop, [&] {
    ++times;
    at = loop.now_ms();
  });
  const std::uint64_t started = loop.now_ms();
  timer.start(20);
  EXPECT_TRUE(timer.is_running());
  ASSERT_TRUE(run_until(loop, [&] { return times > 0; }));
  EXPECT_GE(at, started + 20);
  EXPECT_FALSE(timer.is_running());
  run_turns(loop, 30);
  EXPECT_EQ(times, 1);
}

TEST(Timer, StartingAnewReplacesTheFirstStart) {
  Loop loop;
  int times = 0;
  Timer timer(loop, [&] { ++times; });
  timer.start(0);
  timer.start(3'600'000);
  run_turns(loop, 5);
  EXPECT_EQ(times, 0);
  timer.start(0);
  EXPECT_TRUE(run_until(loop, [&] { return times == 1; }));
}

TEST(Timer, RepeatsUntilItIsStoppedFromItsOwnCallback) {
  Loop loop;
  int times = 0;
  Timer timer(loop, [&] {
    if (++times == 3) timer.stop();
  });
  timer.repeat(1);
  ASSERT_TRUE(run_until(loop, [&] { return times == 3; }));
  run_turns(loop, 10);
  EXPECT_EQ(times, 3);
}

TEST(Timer, MayDestroyItselfInItsCallback) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  int times = 0;
  timer = std::make_unique<Timer>(loop, [&] {
    timer.reset();
    ++times;  // the function itself is still there
  });
  timer->repeat(1);
  ASSERT_TRUE(run_until(loop, [&] { return times > 0; }));
  run_turns(loop, 5);
  EXPECT_EQ(times, 1);
}

TEST(Timer, MayDestroyAnotherThatIsDueInTheSameTurn) {
  Loop loop;
  std::unique_ptr<Timer> first, second;
  int times = 0;
  first = std::make_unique<Timer>(loop, [&] {
    second.reset();
    ++times;
  });
  second = std::make_unique<Timer>(loop, [&] {
    first.reset();
    ++times;
  });
  first->start(1);
  second->start(1);
  ASSERT_TRUE(run_until(loop, [&] { return times > 0; }));
  run_turns(loop, 5);
  EXPECT_EQ(times, 1);
}

// --- Bell

TEST(Bell, IsHeardAfterTheLastRingFromAnyThread) {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 1'000;
  std::atomic<int> posted{0};
  int heard = 0;
  Bell bell(loop, [&] { heard = posted.load(); });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int ring = 0; ring < kEach; ++ring) {
        ++posted;
        bell.ring();
      }
    });
  }
  EXPECT_TRUE(run_until(loop, [&] { return heard == kThreads * kEach; }));
  for (std::thread& each : threads) each.join();
}

TEST(Bell, IsNotHeardOnceItIsGone) {
  Loop loop;
  bool was_heard = false;
  auto bell = std::make_unique<Bell>(loop, [&] { was_heard = true; });
  bell->ring();
  bell.reset();
  run_turns(loop, 5);
  EXPECT_FALSE(was_heard);
}

TEST(Bell, MayDestroyItselfWhenItIsRung) {
  Loop loop;
  int times = 0;
  std::unique_ptr<Bell> bell;
  bell = std::make_unique<Bell>(loop, [&] {
    bell.reset();
    ++times;
  });
  bell->ring();
  EXPECT_TRUE(run_until(loop, [&] { return times == 1; }));
}

// --- Signal

TEST(Signal, IsRaisedOnTheLoopAndMayDestroyItself) {
  Loop loop;
  int times = 0;
  Signal stays(loop, SIGUSR1, [&] { ++times; });
  std::unique_ptr<Signal> goes;
  goes = std::make_unique<Signal>(loop, SIGUSR1, [&] {
    goes.reset();
    ++times;
  });
  ::raise(SIGUSR1);
  ASSERT_TRUE(run_until(loop, [&] { return times == 2; }));
  ::raise(SIGUSR1);
  EXPECT_TRUE(run_until(loop, [&] { return times == 3; }));
}

TEST(Signal, OneThatCannotBeWatchedIsAnError) {
  Loop loop;
  EXPECT_THROW(Signal(loop, SIGKILL, [] {}), std::system_error);
}

}  // namespace
}  // namespace sluice::net
