// Connections that end by the clock: scenario O05.
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// O05
TEST(Timers, IdleConnectionIsClosedOnBothSides) {
  constexpr Milliseconds kIdle = 500ms;
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}, .service = "timeouts: {idle: 500ms}"});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Stopwatch watch;
  Peer server = backend.accept();
  EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_EQ(server.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), kIdle * 9 / 10);
  EXPECT_LE(watch.elapsed(), kIdle * 2 + 500ms);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "idle_timeout");
  client.close();
  server.close();
  invariants.expect_hold();
}

// O05: nobody reads what is on its way, so nothing moves.
TEST(Timers, StuckConnectionIsIdle) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()},
                 .service = "timeouts: {idle: 500ms}, tcp: {user_timeout: 0}"});
  Invariants invariants(sluice);

  Peer client = sluice.connect({.receive_buffer = 4 << 10});
  Peer server = backend.accept();
  constexpr std::uint64_t kPushed = 256 << 20;
  std::uint64_t sent = 0;
  std::thread pushing([&] { sent = server.send_stream(5, kPushed, 60s); });
  pushing.join();
  EXPECT_LT(sent, kPushed);
  const auto session = sluice.sessions(1).at(0);
  EXPECT_EQ(session.at("reason"), "idle_timeout");
  EXPECT_GE(session.at("duration_ms").get<double>(), 450);
  client.close();
  server.close();
  invariants.expect_hold();
}

// O05
TEST(Timers, OneWayTrafficKeepsAConnection) {
  constexpr Milliseconds kIdle = 500ms;
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}, .service = "timeouts: {idle: 500ms}"});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  for (int i = 0; i < 12; ++i) {
    server.send("ping");
    EXPECT_EQ(client.receive(4), "ping");
    EXPECT_TRUE(client.stays_quiet(kIdle / 2));
  }
  EXPECT_EQ(client.wait_for_end(), End::fin);
  client.close();
  server.close();
  invariants.expect_hold();
}

// O05
TEST(Timers, LifeEndsInSpiteOfTraffic) {
  constexpr Milliseconds kMaxAge = 1s;
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .service = "timeouts: {max_age: 1s, max_age_jitter: 0}"});
  Invariants invariants(sluice);

  Stopwatch watch;
  Peer client = sluice.connect();
  EXPECT_TRUE(eventually([&] { return !echoes(client, "x"); }));
  EXPECT_GE(watch.elapsed(), kMaxAge * 9 / 10);
  EXPECT_LE(watch.elapsed(), kMaxAge * 2 + 250ms);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "max_age");
  client.close();
  invariants.expect_hold();
}

// O05
TEST(Timers, HalfClosedConnectionHasItsOwnTimeout) {
  constexpr Milliseconds kHalfClose = 500ms;
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}, .service = "timeouts: {half_close: 500ms}"});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  EXPECT_TRUE(client.stays_quiet(kHalfClose * 2));
  client.finish();
  Stopwatch watch;
  EXPECT_EQ(server.wait_for_end(), End::fin);
  EXPECT_NE(client.wait_for_end(), End::open);
  EXPECT_GE(watch.elapsed(), kHalfClose * 9 / 10);
  EXPECT_LE(watch.elapsed(), kHalfClose * 2 + 500ms);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "half_close_timeout");
  client.close();
  server.close();
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
