// How many connections there may be: scenario O01.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <map>
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

// O01, of each source: whoever races, from wherever, never has more than his places.
TEST(Limits, OfASourceHoldUnderARaceOverFourWorkers) {
  constexpr int kThreads = 16;
  constexpr int kSources = 4;
  constexpr int kConnectsOfAThread = 40;
  constexpr int kPlaces = 9;
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {per_source: {connections: 9}}",
                 .process = "workers: 4"});
  Invariants invariants(sluice);
  std::array<std::atomic<int>, kSources> served{};
  std::vector<std::vector<Peer>> held(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const int source = t % kSources;
      for (int i = 0; i < kConnectsOfAThread; ++i) {
        Peer client = sluice.connect({.source = "127.0.0." + std::to_string(11 + source)});
        if (!echoes(client, "x")) continue;
        ++served[static_cast<std::size_t>(source)];
        held[static_cast<std::size_t>(t)].push_back(std::move(client));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& each : served) EXPECT_EQ(each, kPlaces);
  EXPECT_EQ(server.most_live(), static_cast<std::uint64_t>(kPlaces * kSources));
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "limit_source"}}),
            kThreads * kConnectsOfAThread - kPlaces * kSources);
  invariants.expect_counts_agree();

  // A reload that raises the limit keeps who is in; one that lowers it, too.
  const auto scene = [&](int places) {
    return Scene{.instances = {server.address()},
                 .listener = "limits: {per_source: {connections: " + std::to_string(places) + "}}",
                 .process = "workers: 4"};
  };
  const auto is_let_in = [&] {
    Peer client = sluice.connect({.source = "127.0.0.11"});
    return echoes(client, "x");
  };
  ASSERT_EQ(sluice.reload(scene(kPlaces + 1)).status, 200);
  EXPECT_TRUE(is_let_in());
  ASSERT_EQ(sluice.reload(scene(1)).status, 200);
  EXPECT_FALSE(is_let_in());
  held.clear();
  EXPECT_TRUE(eventually(is_let_in)) << "its places are free again";
  invariants.expect_hold();
}

TEST(Limits, OfARateAreBySecond) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {rate: 20, per_source: {rate: 5}}",
                 .process = "workers: 1"});
  Invariants invariants(sluice);
  std::map<std::string, int> served;
  Stopwatch watch;
  for (int round = 0; round < 40; ++round) {
    for (const std::string source : {"127.0.0.11", "127.0.0.12"}) {
      Peer client = sluice.connect({.source = source});
      if (echoes(client, "x")) ++served[source];
    }
  }
  const auto took = static_cast<int>(watch.elapsed().count());
  for (const auto& [source, count] : served) {
    EXPECT_GE(count, 5) << source;
    EXPECT_LE(count, 5 + 5 * took / 1000 + 1) << source;
  }
  const int refused = 80 - served["127.0.0.11"] - served["127.0.0.12"];
  EXPECT_TRUE(eventually([&] {
    return sluice.metric("sluice_connections_closed_total", {{"reason", "limit_source"}}) ==
           refused;
  })) << refused;
  invariants.expect_hold();
}

double delayed(const Sluice& sluice) {
  return sluice.metric("sluice_connections_delayed", {{"listener", "front"}});
}

double refused(const Sluice& sluice) {
  return sluice.metric("sluice_connections_closed_total", {{"reason", "limit_listener"}});
}

// O01, the other two answers to it: who is too much waits, at the door or before it.
TEST(OverLimit, LeavesClientsInTheBacklogUntilThereIsRoom) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {connections: 4}, over_limit: backlog"});
  Invariants invariants(sluice);
  std::vector<Peer> served, waiting;
  for (int i = 0; i < 4; ++i) {
    served.push_back(sluice.connect());
    ASSERT_TRUE(echoes(served.back(), "x"));
  }
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(sluice.connect());
    ASSERT_TRUE(waiting.back().try_send("x"));
  }
  EXPECT_TRUE(eventually([&] { return delayed(sluice) == 2; })) << "one a worker, of two";
  EXPECT_EQ(server.live(), 4u);
  served.clear();
  EXPECT_TRUE(eventually([&] {  // who is served makes room for the next
    const auto ready =
        std::ranges::find_if(waiting, [](const Peer& client) { return !client.stays_quiet(0ms); });
    if (ready == waiting.end()) return false;
    EXPECT_EQ(ready->receive(1), "x");
    waiting.erase(ready);
    return waiting.empty();
  }));
  EXPECT_EQ(server.most_live(), 4u);
  EXPECT_EQ(refused(sluice), 0);
  EXPECT_EQ(delayed(sluice), 0);
  invariants.expect_hold();
}

TEST(OverLimit, DelaysClientsInTheirOrder) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {connections: 1}, over_limit: delay",
                 .process = "workers: 1"});
  Invariants invariants(sluice);
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(sluice.connect());
    ASSERT_TRUE(clients.back().try_send("x"));
    EXPECT_TRUE(eventually([&] { return delayed(sluice) == i; }));
  }
  for (Peer& client : clients) {
    EXPECT_EQ(client.receive(1), "x");
    client.close();
  }
  EXPECT_EQ(server.most_live(), 1u);
  EXPECT_EQ(refused(sluice), 0);
  invariants.expect_hold();
}

TEST(OverLimit, DelaysNobodyForLongerThanTheFirstBytesMayTake) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {connections: 1}, over_limit: delay, "
                             "timeouts: {first_bytes: 200ms}"});
  Invariants invariants(sluice);
  Peer first = sluice.connect();
  ASSERT_TRUE(echoes(first, "x"));
  Stopwatch watch;
  Peer second = sluice.connect();
  EXPECT_EQ(second.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 200ms);
  EXPECT_TRUE(eventually([&] { return refused(sluice) == 1; }));
  EXPECT_TRUE(echoes(first, "x"));
  first.close();
  invariants.expect_hold();
}

// A bucket of 20, and 20 more at 20 a second.
TEST(OverLimit, DelaysToTheRate) {
  Backend server(echo());
  for (const std::string what : {"delay", "backlog"}) {
    Sluice sluice(
        {.instances = {server.address()}, .listener = "limits: {rate: 20}, over_limit: " + what});
    Invariants invariants(sluice);
    Stopwatch watch;
    std::vector<Peer> clients;
    for (int i = 0; i < 40; ++i) {
      clients.push_back(sluice.connect());
      ASSERT_TRUE(clients.back().try_send("x"));
    }
    for (Peer& client : clients) EXPECT_EQ(client.receive(1), "x");
    EXPECT_GE(watch.elapsed(), 900ms) << what;
    EXPECT_EQ(refused(sluice), 0);
    clients.clear();
    invariants.expect_hold();
  }
}

// A source beyond its own limit is no reason for others to wait.
TEST(OverLimit, StillRejectsASourceThatHasItsShare) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "limits: {per_source: {connections: 1}}, over_limit: delay"});
  Invariants invariants(sluice);
  Peer first = sluice.connect({.source = "127.0.0.11"});
  EXPECT_TRUE(echoes(first, "x"));
  EXPECT_EQ(sluice.connect({.source = "127.0.0.11"}).wait_for_end(), End::fin);
  Peer other = sluice.connect({.source = "127.0.0.12"});
  EXPECT_TRUE(echoes(other, "x"));
  first.close();
  other.close();
  invariants.expect_hold();
}

TEST(OverLimit, EndsForThoseWhoWaitWithWhatAReloadSays) {
  Backend server(echo());
  const auto scene = [&](const std::string& listener) {
    return Scene{.instances = {server.address()}, .listener = listener};
  };
  for (const std::string what : {"delay", "backlog"}) {
    const std::string keep = "limits: {connections: 1}, over_limit: ";
    Sluice sluice(scene(keep + what));
    Invariants invariants(sluice);
    Peer first = sluice.connect();
    ASSERT_TRUE(echoes(first, "x"));
    Peer second = sluice.connect();
    EXPECT_TRUE(eventually([&] { return delayed(sluice) == 1; }));
    ASSERT_EQ(sluice.reload(scene("limits: {connections: 2}, over_limit: " + what)).status, 200);
    EXPECT_TRUE(echoes(second, "x")) << "there is room now";
    Peer third = sluice.connect();
    EXPECT_TRUE(eventually([&] { return delayed(sluice) == 1; }));
    ASSERT_EQ(sluice.reload(scene(keep + "reject")).status, 200);
    EXPECT_EQ(third.wait_for_end(), End::fin) << "rejected";
    EXPECT_TRUE(eventually([&] { return refused(sluice) == 1; }));
    EXPECT_TRUE(echoes(first, "x"));
    EXPECT_TRUE(echoes(second, "x"));
    first.close();
    second.close();
    invariants.expect_hold();
  }
}

TEST(OverLimit, EndsForThoseWhoWaitWithTheListener) {
  Backend server(echo());
  const TempDir files;
  const std::string door = "unix:" + files.path("door");
  for (const std::string what : {"delay", "backlog"}) {
    Sluice sluice(
        {.instances = {server.address()},
         .listeners = {"{name: side, bind: \"" + door +
                       "\", service: s, limits: {connections: 1}, over_limit: " + what + "}"}});
    Peer first = Peer::connect(door);
    ASSERT_TRUE(echoes(first, "x"));
    Peer second = Peer::connect(door), third = Peer::connect(door);
    EXPECT_TRUE(eventually(
        [&] { return sluice.metric("sluice_connections_delayed", {{"listener", "side"}}) >= 1; }));
    ASSERT_EQ(sluice.reload({.instances = {server.address()}}).status, 200);
    EXPECT_EQ(second.wait_for_end(), End::fin) << what;
    EXPECT_EQ(third.wait_for_end(), End::fin) << what;
    EXPECT_TRUE(eventually([&] {
      return sluice.metric("sluice_connections_closed_total",
                           {{"listener", "side"}, {"reason", "drain"}}) == 2;
    }));
    EXPECT_TRUE(echoes(first, "x")) << "who is in has its time";
  }
}

TEST(OverLimit, EndsForThoseWhoWaitWithTheProcess) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = "limits: {connections: 1}, over_limit: delay"});
  Peer first = sluice.connect();
  ASSERT_TRUE(echoes(first, "x"));
  Peer second = sluice.connect();
  EXPECT_TRUE(eventually([&] { return delayed(sluice) == 1; }));
  sluice.signal(SIGTERM);
  EXPECT_EQ(second.wait_for_end(), End::fin);
  EXPECT_TRUE(echoes(first, "x"));
  first.close();
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
}

// It is the client of the header who is the source.
TEST(Limits, OfASourceGoByTheProxyHeader) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = "proxy_protocol: {accept: required, trusted: [127.0.0.0/8]}, "
                             "limits: {per_source: {connections: 1, prefix_v4: 24}}",
                 .process = "workers: 1"});
  Invariants invariants(sluice);
  const auto come = [&](const std::string& client) {
    Peer peer = sluice.connect();
    peer.try_send("PROXY TCP4 " + client + " 198.51.100.1 4711 443\r\n");
    return peer;
  };
  Peer first = come("203.0.113.7"), other = come("203.0.112.7");
  EXPECT_TRUE(echoes(first, "x"));
  EXPECT_TRUE(echoes(other, "x"));
  Peer neighbour = come("203.0.113.9");
  EXPECT_EQ(neighbour.wait_for_end(), End::fin);
  const auto session = sluice.sessions(1).back();
  EXPECT_EQ(session["reason"], "limit_source");
  EXPECT_EQ(session["detail"], "203.0.113.0/24 has its 1 connections");
  first.close();
  EXPECT_TRUE(eventually([&] {
    Peer again = come("203.0.113.9");
    return echoes(again, "x");
  }));
  other.close();
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
