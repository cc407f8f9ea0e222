#include "proxy/session/turnstile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::session {
namespace {

using metrics::CloseReason;

net::Peer client_at(const std::string& address) {
  std::string why;
  return net::Peer::of(config::Endpoint::parse(address, why).value());
}

config::ListenerLimits limits(std::uint32_t rate, std::uint32_t source_connections,
                              std::uint32_t source_rate = 0) {
  config::ListenerLimits made;
  made.rate = rate;
  made.per_source.connections = source_connections;
  made.per_source.rate = source_rate;
  return made;
}

// The reason of the refusal; "" and a seat: let in.
std::string come(Turnstile& turnstile, const std::string& client, std::vector<Turnstile::Seat>& in,
                 std::uint64_t now_ms = 0) {
  Turnstile::Seat seat;
  const auto refusal = turnstile.let_in(client_at(client), now_ms, seat);
  if (refusal) return refusal->why;
  in.push_back(std::move(seat));
  return "";
}

TEST(Turnstile, IsNeededForRatesAndSources) {
  EXPECT_FALSE(Turnstile::is_needed(limits(0, 0)));
  EXPECT_TRUE(Turnstile::is_needed(limits(1, 0)));
  EXPECT_TRUE(Turnstile::is_needed(limits(0, 1)));
  EXPECT_TRUE(Turnstile::is_needed(limits(0, 0, 1)));
}

TEST(Turnstile, CountsTheConnectionsOfEachSource) {
  Turnstile turnstile(limits(0, 2));
  std::vector<Turnstile::Seat> in;
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:2", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:3", in), "10.0.0.1/32 has its 2 connections");
  EXPECT_EQ(come(turnstile, "[::ffff:10.0.0.1]:3", in), "10.0.0.1/32 has its 2 connections");
  EXPECT_EQ(come(turnstile, "10.0.0.2:1", in), "");
  EXPECT_EQ(come(turnstile, "unix:/x", in), "");
  EXPECT_EQ(come(turnstile, "[2001:db8::1]:1", in), "");
  EXPECT_EQ(come(turnstile, "[2001:db8::2]:1", in), "");
  EXPECT_EQ(come(turnstile, "[2001:db8::3]:1", in), "2001:db8::/64 has its 2 connections");
  EXPECT_EQ(come(turnstile, "[2001:db8:0:1::3]:1", in), "");
  in.erase(in.begin());
  EXPECT_EQ(come(turnstile, "10.0.0.1:4", in), "");
  EXPECT_NE(come(turnstile, "10.0.0.1:5", in), "");
}

TEST(Turnstile, LetsInByTheSecond) {
  Turnstile turnstile(limits(3, 0, 2));
  std::vector<Turnstile::Seat> in;
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "10.0.0.1/32 had its 2 connections a second");
  EXPECT_EQ(come(turnstile, "10.0.0.2:1", in), "");
  Turnstile::Seat seat;
  const auto refusal = turnstile.let_in(client_at("10.0.0.3:1"), 0, seat);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, CloseReason::limit_listener);
  EXPECT_EQ(refusal->why, "more than 3 connections a second");
  EXPECT_NE(come(turnstile, "10.0.0.2:1", in, 300), "");
  EXPECT_EQ(come(turnstile, "10.0.0.2:1", in, 1000), "");
}

TEST(Turnstile, KeepsWhoIsInWhenItsLimitsChange) {
  Turnstile turnstile(limits(0, 2));
  std::vector<Turnstile::Seat> in;
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  turnstile.reconfigure(limits(0, 3));
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_NE(come(turnstile, "10.0.0.1:1", in), "");
  turnstile.reconfigure(limits(0, 1));
  in.resize(1);
  EXPECT_NE(come(turnstile, "10.0.0.1:1", in), "");
  in.clear();
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
}

TEST(Turnstile, GoesByANewRateForThoseWhoAreKnown) {
  Turnstile turnstile(limits(0, 9));
  std::vector<Turnstile::Seat> in;
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  turnstile.reconfigure(limits(0, 9, 2));
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "10.0.0.1/32 had its 2 connections a second");
  turnstile.reconfigure(limits(0, 9, 3));
  EXPECT_EQ(come(turnstile, "10.0.0.1:1", in), "");
}

TEST(Turnstile, ForgetsSourcesOfWhichNothingIsKnown) {
  Turnstile turnstile(limits(0, 2, 10));
  std::vector<Turnstile::Seat> in;
  for (int i = 0; i < 100'000; ++i) {
    const auto now_ms = static_cast<std::uint64_t>(i);
    const std::string client = "10." + std::to_string(i >> 16) + '.' +
                               std::to_string(i >> 8 & 255) + '.' + std::to_string(i & 255) + ":1";
    EXPECT_EQ(come(turnstile, client, in, now_ms), "");
    if (i > 0) in.resize(1);  // the first one stays
  }
  EXPECT_LT(turnstile.sources(), 16'384u);
  EXPECT_EQ(come(turnstile, "10.0.0.0:1", in, 100'000), "");
  EXPECT_NE(come(turnstile, "10.0.0.0:1", in, 100'000), "") << "the first was remembered";
}

TEST(Turnstile, IsExactInARace) {
  constexpr std::uint32_t kMost = 7;
  Turnstile turnstile(limits(0, kMost));
  std::atomic<std::uint32_t> inside{0}, most{0}, let_in{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        Turnstile::Seat seat;
        if (turnstile.let_in(client_at("10.0.0.1:1"), 0, seat)) continue;
        ++let_in;
        const std::uint32_t now = ++inside;
        std::uint32_t seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        if (i % 64 == 0) std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, kMost);
  EXPECT_GT(let_in, 0u);
}

}  // namespace
}  // namespace sluice::session
