// From SIGTERM to the end: scenario G06.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/payload.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// G06: nobody new gets in, what is under way goes on, and the process ends with the last
// connection.
TEST(Stop, LetsLiveConnectionsFinish) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .process = "workers: 2, shutdown: {drain: 30s, spread: false}"});
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "before"));

  sluice.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return connect_error(sluice.front()) == ECONNREFUSED; }, 1s));
  EXPECT_EQ(sluice.admin().get("/readyz").status, 503);
  EXPECT_EQ(sluice.admin().get("/healthz").status, 200);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(echoes(client, "still here"));
  EXPECT_TRUE(sluice.is_running());

  Stopwatch watch;
  client.close();
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
  EXPECT_LT(watch.elapsed(), 2s);
}

// G06: with `spread`, a transfer under way is no quiet connection.
TEST(Stop, LetsATransferComplete) {
  constexpr std::uint64_t kBytes = 50 << 20;
  Backend server(source(6, kBytes));
  Sluice sluice({.instances = {server.address()}, .process = "workers: 2, shutdown: {drain: 20s}"});
  Peer client = sluice.connect();
  const std::string first = client.receive(1000);

  sluice.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return connect_error(sluice.front()) == ECONNREFUSED; }, 1s));
  const Rest rest = client.receive_rest(30s);
  EXPECT_EQ(first, stream_bytes(6, 1000));
  EXPECT_EQ(rest.bytes, kBytes - 1000);
  EXPECT_EQ(rest.end, End::fin);
  client.close();
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
}

// G06: quiet connections are closed evenly over the time to drain, the last one at its end.
TEST(Stop, SpreadsTheEndOfQuietConnections) {
  constexpr std::size_t kClients = 40;
  constexpr Milliseconds kDrain = 2s;
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .process = "workers: 2, shutdown: {drain: 2s}"});
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(sluice.connect());
    ASSERT_TRUE(echoes(clients.back(), "x"));
  }
  EXPECT_TRUE(clients.back().stays_quiet(1200ms));  // a second without a byte is quiet

  Stopwatch watch;
  sluice.signal(SIGTERM);
  std::vector<Milliseconds> ends;
  std::mutex mutex;
  std::vector<std::thread> watching;
  for (Peer& client : clients)
    watching.emplace_back([&] {
      EXPECT_EQ(client.wait_for_end(), End::fin);
      const std::lock_guard lock(mutex);
      ends.push_back(watch.elapsed());
      client.close();
    });
  for (std::thread& thread : watching) thread.join();
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
  EXPECT_LE(watch.elapsed(), kDrain + 1s);

  const auto in_the_first_half =
      std::ranges::count_if(ends, [&](Milliseconds t) { return t < kDrain / 2; });
  EXPECT_GE(in_the_first_half, static_cast<std::ptrdiff_t>(kClients / 4));
  EXPECT_LE(in_the_first_half, static_cast<std::ptrdiff_t>(kClients * 3 / 4));
}

// G06: who does not end in time is ended.
TEST(Stop, EndsStuckConnectionsWithTheTimeToDrain) {
  constexpr Milliseconds kDrain = 1s;
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()},
                 .process = "workers: 2, shutdown: {drain: 1s, spread: false}"});
  Peer client = sluice.connect();
  Peer server = backend.accept();
  Stopwatch watch;
  sluice.signal(SIGTERM);

  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
  EXPECT_GE(watch.elapsed(), kDrain * 9 / 10);
  EXPECT_LE(watch.elapsed(), kDrain * 2 + 500ms);
  EXPECT_NE(client.wait_for_end(), End::open);
  EXPECT_NE(server.wait_for_end(), End::open);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "shutdown");
}

// G06
TEST(Stop, SecondSignalEndsAtOnce) {
  for (const int second : {SIGTERM, SIGINT}) {
    Backend server(hold());
    Sluice sluice({.instances = {server.address()},
                   .process = "workers: 2, shutdown: {drain: 1m, spread: false}"});
    Peer client = sluice.connect();
    EXPECT_TRUE(eventually([&] { return server.live() == 1; }));
    sluice.signal(SIGTERM);
    EXPECT_TRUE(eventually([&] { return connect_error(sluice.front()) == ECONNREFUSED; }));
    EXPECT_TRUE(sluice.is_running());

    Stopwatch watch;
    sluice.signal(second);
    const auto status = sluice.wait_for_exit();
    EXPECT_LT(watch.elapsed(), kSanitized ? 3s : 1s);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->signal, 0);
    EXPECT_NE(client.wait_for_end(), End::open);
  }
}

}  // namespace
}  // namespace sluice::test
