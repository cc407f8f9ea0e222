#include "proxy/net/busy_poll.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

// Windows of 64 events, as they were measured of one echo at a time on a virtual machine.
BusyPoll::Window sleeps() {
  return {.wall_ns = 5'000'000, .cpu_ns = 1'600'000, .events = 64};
}
BusyPoll::Window asks() {
  return {.wall_ns = 1'400'000,
          .cpu_ns = 1'300'000,
          .asked_ns = 900'000,
          .longest_ns = 40'000,
          .events = 64};
}

template <class Change>
BusyPoll::Window changed(BusyPoll::Window window, Change change) {
  change(window);
  return window;
}

void judge(BusyPoll& thread, const BusyPoll::Window& window, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) thread.judge(window);
}

BusyPoll asking_thread() {
  BusyPoll thread;
  thread.allow(true);
  judge(thread, sleeps(), BusyPoll::kFirstRest);
  EXPECT_TRUE(thread.is_asking());
  return thread;
}

// How many windows of sleep it takes until it asks again.
std::uint64_t rest_of(BusyPoll& thread) {
  std::uint64_t windows = 0;
  while (!thread.is_asking() && windows < 1000) {
    thread.judge(sleeps());
    ++windows;
  }
  return windows;
}

struct Verdict {
  std::string name;
  BusyPoll::Window window;
  bool asks_next = false;
};

void PrintTo(const Verdict& c, std::ostream* out) {
  *out << c.name;
}

std::string verdict_name(const testing::TestParamInfo<Verdict>& info) {
  return info.param.name;
}

class WhileItSleeps : public testing::TestWithParam<Verdict> {};

TEST_P(WhileItSleeps, TriesWhereItMayPay) {
  BusyPoll thread;
  thread.allow(true);
  judge(thread, GetParam().window, BusyPoll::kFirstRest - 1);
  EXPECT_FALSE(thread.is_asking());
  thread.judge(GetParam().window);
  EXPECT_EQ(thread.is_asking(), GetParam().asks_next);
}

INSTANTIATE_TEST_SUITE_P(
    BusyPoll, WhileItSleeps,
    testing::Values(
        Verdict{"ShortWaits", sleeps(), true},
        // 200 us a turn: four times as long as it would ask, since who sleeps wakes late.
        Verdict{
            "WaitsAtTheBound", {.wall_ns = 13'800'000, .cpu_ns = 1'000'000, .events = 64}, true},
        Verdict{"LongWaits", {.wall_ns = 13'900'000, .cpu_ns = 1'000'000, .events = 64}, false},
        Verdict{"Idle", {.wall_ns = 6'400'000'000, .cpu_ns = 1'000'000, .events = 3}, false},
        Verdict{"NoEvent", {.wall_ns = 5'000'000, .cpu_ns = 1'600'000}, false},
        Verdict{"AnEventInTwoTurns", changed(sleeps(), [](auto& w) { w.events = 32; }), true},
        Verdict{"FewEvents", changed(sleeps(), [](auto& w) { w.events = 31; }), false},
        Verdict{"HalfBusy", {.wall_ns = 4'000'000, .cpu_ns = 2'000'000, .events = 64}, true},
        Verdict{"Busy", {.wall_ns = 4'000'000, .cpu_ns = 2'000'001, .events = 64}, false}),
    verdict_name);

class WhileItAsks : public testing::TestWithParam<Verdict> {};

TEST_P(WhileItAsks, GoesOnWhereItPays) {
  BusyPoll thread = asking_thread();
  thread.judge(GetParam().window);
  EXPECT_EQ(thread.is_asking(), GetParam().asks_next);
}

INSTANTIATE_TEST_SUITE_P(
    BusyPoll, WhileItAsks,
    testing::Values(
        Verdict{"Cheaper", asks(), true},
        // 25 us an event were slept; of a single window a quarter counts.
        Verdict{"ALittleDearer", changed(asks(), [](auto& w) { w.events = 35; }), true},
        Verdict{"MuchDearer", changed(asks(), [](auto& w) { w.events = 34; }), false},
        Verdict{"NoEvent", changed(asks(), [](auto& w) { w.events = 0; }), false},
        Verdict{"HalfBusy", changed(asks(), [](auto& w) { w.asked_ns = 600'000; }), true},
        Verdict{"Busy", changed(asks(), [](auto& w) { w.asked_ns = 599'999; }), false},
        // 25 us an event, most of them asked, and a wait of a millisecond each time.
        Verdict{"LongWaits",
                {.wall_ns = 64'000'000, .cpu_ns = 1'600'000, .asked_ns = 1'500'000, .events = 64},
                false},
        Verdict{"FewPreemptions", changed(asks(), [](auto& w) { w.preemptions = 4; }), true},
        Verdict{"ManyPreemptions", changed(asks(), [](auto& w) { w.preemptions = 5; }), false},
        Verdict{"ALongInterruption", changed(asks(), [](auto& w) { w.longest_ns = 150'001; }),
                false}),
    verdict_name);

TEST(BusyPoll, NeverAsksUnlessItIsAllowed) {
  BusyPoll thread;
  judge(thread, sleeps(), 100);
  EXPECT_FALSE(thread.is_asking());
  thread.allow(true);
  judge(thread, sleeps(), BusyPoll::kFirstRest);
  EXPECT_TRUE(thread.is_asking());
  thread.allow(true);  // as before: goes on
  EXPECT_TRUE(thread.is_asking());
  thread.allow(false);
  judge(thread, sleeps(), 100);
  EXPECT_FALSE(thread.is_asking());
}

TEST(BusyPoll, StopsWhenItIsALittleDearerForLong) {
  BusyPoll thread = asking_thread();
  const BusyPoll::Window dearer = changed(asks(), [](auto& w) { w.events = 42; });
  thread.judge(dearer);
  EXPECT_TRUE(thread.is_asking());
  judge(thread, dearer, 3);
  EXPECT_FALSE(thread.is_asking());
}

TEST(BusyPoll, WhatWasTriedInVainIsLeftForLongerEachTime) {
  BusyPoll thread = asking_thread();
  const BusyPoll::Window vain = changed(asks(), [](auto& w) { w.events = 20; });
  for (const std::uint64_t rest : {2, 4, 8, 16, 32, 64, 64, 64}) {
    thread.judge(vain);
    EXPECT_EQ(rest_of(thread), rest);
  }
}

TEST(BusyPoll, WhatPaidForLongIsTriedAgainSoon) {
  BusyPoll thread = asking_thread();
  const BusyPoll::Window vain = changed(asks(), [](auto& w) { w.events = 20; });
  for (int i = 0; i < 6; ++i) {
    thread.judge(vain);
    rest_of(thread);
  }
  judge(thread, asks(), 100);
  thread.judge(vain);
  EXPECT_EQ(rest_of(thread), 2u);
}

TEST(BusyPoll, WhatItLearntOfAnotherLoadIsForgotten) {
  const BusyPoll::Window idle{.wall_ns = 30'000'000'000, .cpu_ns = 2'000'000, .events = 1};
  BusyPoll thread = asking_thread();
  judge(thread, idle, 100);
  EXPECT_FALSE(thread.is_asking());
  EXPECT_EQ(rest_of(thread), BusyPoll::kFirstRest);
  // 37 us an event are too dear, by the 25 that it has just slept; not by the 2 ms of an idle one.
  judge(thread, changed(asks(), [](auto& w) { w.events = 35; }), 2);
  EXPECT_FALSE(thread.is_asking());
}

TEST(BusyPoll, AFewOtherWindowsAreNotEnoughToForget) {
  const BusyPoll::Window idle{.wall_ns = 30'000'000'000, .cpu_ns = 2'000'000, .events = 1};
  BusyPoll thread = asking_thread();
  judge(thread, idle, 4);  // the first ends asking, for two windows
  EXPECT_EQ(rest_of(thread), 5u);
}

TEST(BusyPoll, WhoIsThrottledRestsForLong) {
  BusyPoll thread = asking_thread();
  thread.judge(changed(asks(), [](auto& w) { w.longest_ns = 20'000'001; }));
  std::uint64_t windows = 0;
  for (; !thread.is_asking() && windows < 10'000; ++windows) thread.judge(sleeps());
  EXPECT_EQ(windows, BusyPoll::kThrottledRest);
}

TEST(BusyPoll, LooksBackAtWhatSleepingCosts) {
  BusyPoll thread = asking_thread();
  judge(thread, asks(), BusyPoll::kLookBack - 1);
  EXPECT_TRUE(thread.is_asking());
  thread.judge(asks());
  EXPECT_FALSE(thread.is_asking());
  EXPECT_EQ(rest_of(thread), 1u);
  // To sleep has become cheap: 6 us, not 25. Two looks back show 17, and asking costs 20.
  const BusyPoll::Window cheap = changed(sleeps(), [](auto& w) { w.cpu_ns = 400'000; });
  for (int looks_back = 0; looks_back < 2; ++looks_back) {
    EXPECT_TRUE(thread.is_asking());
    while (thread.is_asking()) thread.judge(asks());
    thread.judge(cheap);
  }
  judge(thread, asks(), 3);
  EXPECT_TRUE(thread.is_asking());
  thread.judge(asks());
  EXPECT_FALSE(thread.is_asking());
}

}  // namespace
}  // namespace sluice::net
