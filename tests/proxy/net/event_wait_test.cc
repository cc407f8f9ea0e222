#include "proxy/net/event_wait.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <array>
#include <thread>

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"

namespace sluice::net {
namespace {

class EventWaitTest : public testing::Test {
 protected:
  EventWaitTest() {
    epoll_event event{};
    event.events = EPOLLIN;
    EXPECT_EQ(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event), 0);
  }
  void ring() { EXPECT_EQ(::eventfd_write(bell_.get(), 1), 0); }
  void hush() {
    eventfd_t rings = 0;
    EXPECT_EQ(::eventfd_read(bell_.get(), &rings), 0);
  }
  int wait(EventWait& wait, int wait_ms) {
    std::array<epoll_event, 8> events;
    return wait.wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
  }

  Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  Fd bell_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

// One that asks until its first window is judged.
BusyPoll one_that_asks() {
  BusyPoll thread;
  thread.allow(true);
  for (std::uint64_t i = 0; i < BusyPoll::kFirstRest; ++i) {
    thread.judge({.wall_ns = 5'000'000, .cpu_ns = 1'600'000, .events = 64});
  }
  EXPECT_TRUE(thread.is_asking());
  return thread;
}

TEST_F(EventWaitTest, WaitsAsLongAsItIsTold) {
  for (const BusyPoll& busy_poll : {BusyPoll(), one_that_asks()}) {
    EventWait event_wait(busy_poll);
    for (const int wait_ms : {0, 1, 20}) {
      const std::uint64_t began_ns = monotonic_ns();
      EXPECT_EQ(wait(event_wait, wait_ms), 0);
      EXPECT_GE(monotonic_ns() - began_ns, static_cast<std::uint64_t>(wait_ms) * 1'000'000);
    }
    ring();
    EXPECT_EQ(wait(event_wait, 0), 1);
    EXPECT_EQ(wait(event_wait, -1), 1);
    hush();
  }
}

TEST_F(EventWaitTest, HearsOfWhatComesWhileItAsksOrSleeps) {
  for (const BusyPoll& busy_poll : {BusyPoll(), one_that_asks()}) {
    EventWait event_wait(busy_poll);
    for (int i = 0; i < 50; ++i) {
      std::thread other([this] { ring(); });
      EXPECT_EQ(wait(event_wait, -1), 1);
      other.join();
      hush();
    }
  }
}

TEST_F(EventWaitTest, TellsForHowLongItHasAskedAndStopsWhenThatIsInVain) {
  EventWait event_wait(one_that_asks());
  for (std::uint64_t i = 0; i < BusyPoll::kTurns; ++i) {
    EXPECT_TRUE(event_wait.is_busy_polling());
    EXPECT_EQ(event_wait.busy_polled_ns(), 0u);
    EXPECT_EQ(wait(event_wait, 1), 0);
  }
  EXPECT_FALSE(event_wait.is_busy_polling());
  EXPECT_GE(event_wait.busy_polled_ns(), BusyPoll::kTurns * BusyPoll::kLongestNs);
}

TEST_F(EventWaitTest, WhereSomethingIsThereNothingIsAsked) {
  EventWait event_wait(one_that_asks());
  ring();
  for (std::uint64_t i = 0; i < BusyPoll::kTurns; ++i) EXPECT_EQ(wait(event_wait, -1), 1);
  EXPECT_EQ(event_wait.busy_polled_ns(), 0u);
}

TEST_F(EventWaitTest, AsksNothingUnlessItIsAllowedAndHasLearnt) {
  EventWait forbidden, has_learnt_nothing, forbidden_again(one_that_asks());
  has_learnt_nothing.allow_busy_poll(true);
  forbidden_again.allow_busy_poll(false);
  for (EventWait* each : {&forbidden, &has_learnt_nothing, &forbidden_again}) {
    for (std::uint64_t i = 0; i < BusyPoll::kTurns; ++i) EXPECT_EQ(wait(*each, 1), 0);
    EXPECT_FALSE(each->is_busy_polling());
    EXPECT_EQ(each->busy_polled_ns(), 0u);
  }
}

TEST_F(EventWaitTest, WhoHasOtherThingsToDoDoesNotAsk) {
  EventWait event_wait(one_that_asks());
  for (std::uint64_t i = 0; i < BusyPoll::kTurns; ++i) EXPECT_EQ(wait(event_wait, 0), 0);
  EXPECT_EQ(event_wait.busy_polled_ns(), 0u);
}

// Where an event takes 500 us of the thread's time, asking is over with the window.
TEST_F(EventWaitTest, MeasuresWhatTheThreadDoes) {
  EventWait event_wait(one_that_asks());
  ring();
  for (std::uint64_t i = 0; i < BusyPoll::kTurns; ++i) {
    EXPECT_TRUE(event_wait.is_busy_polling());
    const std::uint64_t began_ns = monotonic_ns();
    while (monotonic_ns() - began_ns < 500'000) {
    }
    EXPECT_EQ(wait(event_wait, -1), 1);
  }
  EXPECT_FALSE(event_wait.is_busy_polling());
}

}  // namespace
}  // namespace sluice::net
