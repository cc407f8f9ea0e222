// How many connections there may be: scenario O01.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// O01: racing clients never get more places than there are, and a place is free again at once.
TEST(Limits, OfAListenerHoldUnderARace) {
  constexpr int kThreads = 8;
  constexpr int kConnectsOfAThread = 125;
  constexpr std::uint64_t kPlaces = 100;
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .listener = "limits: {connections: 100}"});
  Invariants invariants(sluice);
  std::atomic<int> served{0};
  std::atomic<Milliseconds::rep> slowest_refusal{0};
  std::vector<std::vector<Peer>> held(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<Peer>& mine : held)
    threads.emplace_back([&] {
      for (int i = 0; i < kConnectsOfAThread; ++i) {
        Stopwatch watch;
        Peer client = sluice.connect();
        if (echoes(client, "x")) {
          ++served;
          mine.push_back(std::move(client));
        } else {
          const auto took = watch.elapsed().count();
          auto slowest = slowest_refusal.load();
          while (took > slowest && !slowest_refusal.compare_exchange_weak(slowest, took)) {
          }
        }
      }
    });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(served, static_cast<int>(kPlaces));
  EXPECT_EQ(server.most_live(), kPlaces);
  EXPECT_LT(slowest_refusal, kSanitized ? 1000 : 400);
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "limit_listener"}}),
            kThreads * kConnectsOfAThread - static_cast<int>(kPlaces));
  invariants.expect_counts_agree();

  auto& some = *std::ranges::find_if(held, [](const auto& mine) { return !mine.empty(); });
  some.pop_back();
  Stopwatch waiting;
  EXPECT_TRUE(eventually([&] {
    Peer client = sluice.connect();
    return echoes(client, "x");
  }));
  EXPECT_LT(waiting.elapsed(), 500ms);
  held.clear();
  invariants.expect_hold();
}

TEST(Limits, OfTheProcessCloseWhatIsTooMuch) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .process = "workers: 2, max_connections: 5"});
  Invariants invariants(sluice);
  std::vector<Peer> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(sluice.connect());
    EXPECT_TRUE(echoes(clients.back(), "x"));
  }
  Peer sixth = sluice.connect();
  sixth.try_send("hello");
  const Rest rest = sixth.receive_rest();
  EXPECT_EQ(rest.bytes, 0u);
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_TRUE(eventually([&] {
    return sluice.metric("sluice_connections_closed_total", {{"reason", "limit_process"}}) == 1;
  }));
  sixth.close();
  clients.clear();
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
