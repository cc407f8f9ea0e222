#include "proxy/client/own_thread.h"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

namespace sluice::client {
namespace {

TEST(OwnThread, DoesWhatItWasToldInOrderAndThenEnds) {
  std::vector<int> done;
  OwnThread thread;
  thread.post([&] { done.push_back(1); });
  thread.begin();
  for (int i = 2; i <= 100; ++i) thread.post([&, i] { done.push_back(i); });
  thread.end();
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i + 1);
}

TEST(OwnThread, TakesNoSignalsButItsOwnFaults) {
  sigset_t before, on_thread, after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  OwnThread thread;
  thread.begin();
  thread.post([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &on_thread); });
  thread.end();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1}) {
    EXPECT_EQ(sigismember(&on_thread, number), 1) << number;
    EXPECT_EQ(sigismember(&after, number), sigismember(&before, number)) << number;
  }
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    EXPECT_EQ(sigismember(&on_thread, fault), 0) << fault;
  }
}

TEST(OwnThread, OneThatNeverBeganEndsToo) {
  OwnThread thread;
  thread.post([] { ADD_FAILURE(); });
  thread.end();
}

}  // namespace
}  // namespace sluice::client
