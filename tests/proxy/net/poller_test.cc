#include "proxy/net/poller.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/net/run_loop.h"
#include "tests/support/peer.h"

namespace sluice::net {
namespace {

using test::run_turns;
using test::run_until;

// One that watches a socket, or none, and does what the test says when it is told.
class Watcher final : public Pollable {
 public:
  explicit Watcher(
      Poller& used, std::function<void()> does = [] {})
      : poller(used), does_(std::move(does)) {}
  ~Watcher() {
    socket.close();
    poller.forget(*this);
  }
  void on_ready() override {
    ++times;
    does_();
  }

  int times = 0;
  Socket socket;
  Poller& poller;
  std::function<void()> does_;
};

class PollerTest : public ::testing::Test {
 protected:
  // A connection: its near end in the watcher, its far end in the test's hand.
  test::Peer connect(Watcher& watcher) {
    test::Acceptor acceptor;
    test::Peer near = test::Peer::connect(acceptor.address());
    Fd fd(::fcntl(near.socket().get(), F_DUPFD_CLOEXEC, 0));
    near.close();
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    EXPECT_TRUE(watcher.socket.open(poller, std::move(fd), watcher));
    return acceptor.accept();
  }
  // As connect(), and the news that it can be written is old.
  test::Peer connect_and_settle(Watcher& watcher) {
    test::Peer far = connect(watcher);
    EXPECT_TRUE(run_until(loop, [&] { return watcher.socket.writable; }));
    watcher.times = 0;
    return far;
  }
  bool run_until_told(const Watcher& watcher, int times = 1) {
    return run_until(loop, [&] { return watcher.times >= times; });
  }

  Loop loop;
  Poller poller{loop};
};

// --- What a socket is told

TEST_F(PollerTest, AFreshConnectionCanBeWrittenAndHasNothingToRead) {
  Watcher watcher(poller);
  const test::Peer far = connect(watcher);

  ASSERT_TRUE(run_until_told(watcher));

  EXPECT_TRUE(watcher.socket.writable);
  EXPECT_FALSE(watcher.socket.readable);
  EXPECT_FALSE(watcher.socket.peer_finished);
  EXPECT_FALSE(watcher.socket.failed);
  EXPECT_FALSE(watcher.socket.urgent);
}

TEST_F(PollerTest, EachChangeIsToldOnce) {
  Watcher watcher(poller);
  test::Peer far = connect_and_settle(watcher);

  far.send("a");
  ASSERT_TRUE(run_until_told(watcher));
  EXPECT_TRUE(watcher.socket.readable);
  run_turns(loop, 10);
  EXPECT_EQ(watcher.times, 1);  // nobody has read it, and yet: no spinning

  far.send("b");
  EXPECT_TRUE(run_until_told(watcher, 2));
}

struct EndCase {
  std::string name;
  std::function<void(test::Peer&)> act;
  bool peer_finished, failed, urgent;
};

TEST_F(PollerTest, TellsHowTheOtherSideEnded) {
  const EndCase cases[] = {
      {"half-closes", [](test::Peer& far) { far.finish(); }, true, false, false},
      {"closes", [](test::Peer& far) { far.close(); }, true, false, false},
      {"resets", [](test::Peer& far) { far.reset(); }, true, true, false},
      {"sends urgently", [](test::Peer& far) { far.send_urgent('!'); }, false, false, true},
  };
  for (const EndCase& each : cases) {
    Watcher watcher(poller);
    test::Peer far = connect_and_settle(watcher);
    each.act(far);
    ASSERT_TRUE(run_until_told(watcher)) << each.name;
    EXPECT_TRUE(watcher.socket.readable) << each.name;
    EXPECT_EQ(watcher.socket.peer_finished, each.peer_finished) << each.name;
    EXPECT_EQ(watcher.socket.failed, each.failed) << each.name;
    EXPECT_EQ(watcher.socket.urgent, each.urgent) << each.name;
  }
}

TEST_F(PollerTest, AReopenedSocketStartsWithNoFlags) {
  Watcher watcher(poller);
  {
    test::Peer far = connect_and_settle(watcher);
    far.reset();
    ASSERT_TRUE(run_until_told(watcher));
  }
  watcher.socket.close();
  EXPECT_FALSE(watcher.socket.is_open());

  const test::Peer far = connect(watcher);
  EXPECT_FALSE(watcher.socket.readable || watcher.socket.writable || watcher.socket.peer_finished ||
               watcher.socket.failed || watcher.socket.urgent);
  ASSERT_TRUE(run_until(loop, [&] { return watcher.socket.writable; }));
  EXPECT_FALSE(watcher.socket.failed);
}

TEST_F(PollerTest, WhatCannotBeWatchedIsRefusedAndClosed) {
  Watcher watcher(poller);
  Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const int number = file.get();
  EXPECT_FALSE(watcher.socket.open(poller, std::move(file), watcher));
  EXPECT_EQ(errno, EPERM);
  EXPECT_FALSE(watcher.socket.is_open());
  EXPECT_LT(::fcntl(number, F_GETFD), 0);
}

TEST_F(PollerTest, ANewOwnerIsToldInsteadOfTheOldOne) {
  Watcher before(poller), after(poller);
  test::Peer far = connect_and_settle(before);
  before.socket.set_owner(after);

  far.send("a");

  ASSERT_TRUE(run_until_told(after));
  EXPECT_EQ(before.times, 0);
}

TEST_F(PollerTest, MoreSocketsThanOneBatchHoldsAreAllTold) {
  std::vector<std::unique_ptr<Watcher>> watchers;
  std::vector<test::Peer> far;
  for (int i = 0; i < 300; ++i) {
    watchers.push_back(std::make_unique<Watcher>(poller));
    far.push_back(connect(*watchers.back()));
  }
  for (const auto& each : watchers) EXPECT_TRUE(run_until_told(*each));
}

TEST_F(PollerTest, ResetIsSeenAsAResetAndCloseAsAnEnd) {
  Watcher watcher(poller);
  test::Peer reset = connect(watcher);
  watcher.socket.reset();
  EXPECT_EQ(reset.wait_for_end(), test::End::rst);

  test::Peer closed = connect(watcher);
  watcher.socket.close();
  EXPECT_EQ(closed.wait_for_end(), test::End::fin);
}

// --- While a batch is being delivered

// Both are ready in the same batch; the one that is told first takes the other away.
TEST_F(PollerTest, ASocketThatIsClosedDuringDeliveryIsNotTold) {
  Watcher first(poller), second(poller);
  test::Peer far_first = connect_and_settle(first);
  test::Peer far_second = connect_and_settle(second);
  first.does_ = [&] { second.socket.close(); };
  second.does_ = [&] { first.socket.close(); };

  far_first.send("a");
  far_second.send("b");
  ASSERT_TRUE(run_until(loop, [&] { return first.times + second.times > 0; }));
  run_turns(loop, 5);

  EXPECT_EQ(first.times + second.times, 1);
}

TEST_F(PollerTest, AnOwnerThatIsDestroyedDuringDeliveryIsNotTold) {
  std::unique_ptr<Watcher> watchers[2];
  int told = 0;
  std::vector<test::Peer> far;
  for (std::size_t i = 0; i < 2; ++i) {
    watchers[i] = std::make_unique<Watcher>(poller);
    far.push_back(connect_and_settle(*watchers[i]));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    watchers[i]->does_ = [&, i] {
      ++told;
      watchers[1 - i].reset();
    };
  }
  for (test::Peer& each : far) each.send("a");
  ASSERT_TRUE(run_until(loop, [&] { return told > 0; }));
  run_turns(loop, 5);
  EXPECT_EQ(told, 1);
}

TEST_F(PollerTest, AnOwnerMayDestroyItself) {
  std::unique_ptr<Watcher> watcher = std::make_unique<Watcher>(poller);
  test::Peer far = connect_and_settle(*watcher);
  bool was_told = false;
  watcher->does_ = [&] {
    was_told = true;
    watcher.reset();
  };
  far.send("a");
  ASSERT_TRUE(run_until(loop, [&] { return was_told; }));
  EXPECT_EQ(far.wait_for_end(), test::End::rst);  // one byte was unread
}

// What was waiting for the old connection must not be told to the new one.
TEST_F(PollerTest, ASocketThatIsReopenedDuringDeliveryHearsOfTheNewConnectionOnly) {
  Watcher first(poller), second(poller);
  Watcher* watchers[] = {&first, &second};
  std::vector<test::Peer> far;
  far.push_back(connect_and_settle(first));
  far.push_back(connect_and_settle(second));
  bool has_reopened = false;
  for (std::size_t i = 0; i < 2; ++i) {
    watchers[i]->does_ = [&, i] {
      if (std::exchange(has_reopened, true)) return;
      Watcher& other = *watchers[1 - i];
      other.socket.close();
      far.push_back(connect(other));
      other.does_ = [&other] { EXPECT_FALSE(other.socket.readable); };
    };
  }
  far[0].send("a");
  far[1].send("b");

  ASSERT_TRUE(run_until(loop, [&] { return first.times > 0 && second.times > 0; }));
  EXPECT_TRUE(has_reopened);
}

// --- Again

TEST_F(PollerTest, WaitsNoLongerThanForATimerThatWasStartedBetweenTurns) {
  Bell alive(loop, [] {});
  alive.ring();
  loop.turn();
  int expired = 0;
  Timer timer(loop, [&] { ++expired; });
  timer.start(1);
  while (expired == 0) loop.turn();
  EXPECT_EQ(expired, 1);
}

TEST_F(PollerTest, WhoAsksToBeCalledAgainIsCalledOnceInALaterTurn) {
  Watcher watcher(poller);
  poller.again(watcher);
  poller.again(watcher);
  EXPECT_EQ(watcher.times, 0);

  ASSERT_TRUE(run_until_told(watcher));
  run_turns(loop, 5);
  EXPECT_EQ(watcher.times, 1);
}

TEST_F(PollerTest, WhoAsksAgainAndAgainStarvesNobody) {
  Watcher greedy(poller), modest(poller);
  test::Peer far = connect_and_settle(modest);
  greedy.does_ = [&] { poller.again(greedy); };
  poller.again(greedy);

  far.send("a");

  EXPECT_TRUE(run_until_told(modest));
  EXPECT_TRUE(run_until_told(greedy, 100));
}

TEST_F(PollerTest, WhoIsForgottenIsNotCalledAgain) {
  Watcher forgotten(poller), other(poller);
  poller.again(forgotten);
  poller.again(other);
  poller.forget(forgotten);
  poller.forget(forgotten);

  ASSERT_TRUE(run_until_told(other));
  EXPECT_EQ(forgotten.times, 0);

  poller.again(forgotten);  // and may ask anew
  EXPECT_TRUE(run_until_told(forgotten));
}

TEST_F(PollerTest, WhoeverIsCalledAgainMayDestroyItselfAndTheOthers) {
  std::vector<std::unique_ptr<Watcher>> watchers(10);
  int told = 0;
  for (auto& each : watchers) {
    each = std::make_unique<Watcher>(poller, [&] {
      ++told;
      for (auto& gone : watchers) gone.reset();
    });
    poller.again(*each);
  }
  ASSERT_TRUE(run_until(loop, [&] { return told > 0; }));
  run_turns(loop, 5);
  EXPECT_EQ(told, 1);
}

TEST_F(PollerTest, WhoAsksFromWithinIsCalledInTheNextTurnEvenIfTheListWasForgotten) {
  Watcher first(poller), second(poller), third(poller);
  first.does_ = [&] {
    if (first.times > 1) return;
    poller.again(second);
    poller.forget(second);
    poller.again(third);
  };
  poller.again(first);
  EXPECT_TRUE(run_until_told(third));
  EXPECT_EQ(second.times, 0);
}

}  // namespace
}  // namespace sluice::net
