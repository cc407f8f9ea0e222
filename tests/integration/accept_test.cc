// Which worker carries a connection: listeners with `accept: least_loaded`.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include "tests/integration/load.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Counts = std::vector<int>;  // connections, by worker

const std::string kLeastLoaded = "accept: least_loaded";

Counts connections_of_workers(const Sluice& sluice) {
  Counts counts;
  const nlohmann::json status = sluice.admin().get("/v1/status").json();
  for (const auto& worker : status.at("workers")) counts.push_back(worker.at("connections"));
  return counts;
}

// A reload answers when the plan is made; each worker runs by it a moment later.
bool all_workers_follow(const Sluice& sluice) {
  return eventually([&] {
    const nlohmann::json status = sluice.admin().get("/v1/status").json();
    return std::ranges::all_of(status.at("workers"), [&](const auto& worker) {
      return worker.at("plan_version") == status.at("plan_version");
    });
  });
}

int total(const Counts& counts) {
  int sum = 0;
  for (const int count : counts) sum += count;
  return sum;
}

int spread(const Counts& counts) {
  const auto [least, most] = std::ranges::minmax(counts);
  return most - least;
}

// Worker by the port of its client, from ids like "2-17"; and that no id is there twice.
std::map<std::uint16_t, std::size_t> workers_of_clients(const Sluice& sluice) {
  std::map<std::uint16_t, std::size_t> workers;
  std::set<std::string> ids;
  const nlohmann::json list = sluice.admin().get("/v1/connections?limit=10000").json();
  for (const auto& connection : list.at("connections")) {
    const std::string id = connection.at("id");
    const std::string client = connection.at("client");
    EXPECT_TRUE(ids.insert(id).second) << id;
    workers[static_cast<std::uint16_t>(std::stoi(client.substr(client.rfind(':') + 1)))] =
        static_cast<std::size_t>(std::stoi(id));
  }
  return workers;
}

std::vector<Peer> open(const Sluice& sluice, int count) {
  std::vector<Peer> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(sluice.connect());
    EXPECT_TRUE(echoes(clients.back(), "x")) << i;
  }
  return clients;
}

// Opens `count` on several threads at once.
std::vector<Peer> burst(const Sluice& sluice, int count) {
  constexpr int kThreads = 20;
  std::vector<std::vector<Peer>> parts(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<Peer>& part : parts)
    threads.emplace_back([&] {
      for (int i = 0; i < count / kThreads; ++i) part.push_back(sluice.connect());
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<Peer> clients;
  for (std::vector<Peer>& part : parts) std::ranges::move(part, std::back_inserter(clients));
  return clients;
}

double accepted(const Sluice& sluice) {
  return sluice.metric("sluice_connections_accepted_total", {{"listener", "front"}});
}

double closed(const Sluice& sluice) {
  return sluice.metric("sluice_connections_closed_total", {{"listener", "front"}});
}

void expect_all_counted(const Sluice& sluice, int connections) {
  EXPECT_TRUE(eventually([&] { return closed(sluice) == connections; }))
      << closed(sluice) << " closed of " << connections;
  EXPECT_EQ(accepted(sluice), connections);
  EXPECT_EQ(sluice.metric("sluice_connections_active"), 0);
  EXPECT_EQ(connections_of_workers(sluice), Counts(connections_of_workers(sluice).size(), 0));
}

TEST(LeastLoaded, SpreadsConnectionsThatStayEvenly) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = kLeastLoaded, .process = "workers: 4"});
  Invariants invariants(sluice);

  std::vector<Peer> clients = open(sluice, 400);
  for (const int count : connections_of_workers(sluice)) EXPECT_NEAR(count, 100, 1);
  invariants.expect_counts_agree();
  EXPECT_EQ(sluice.metric("sluice_connections_active", {{"listener", "front"}}), 400);

  // Two workers lose all that they have; the next ones are theirs until all are even again.
  const auto workers = workers_of_clients(sluice);
  ASSERT_EQ(workers.size(), 400u);
  const auto left = std::erase_if(clients, [&](const Peer& client) {
    const std::size_t worker = workers.at(client.port());
    return worker == 1 || worker == 3;
  });
  ASSERT_NEAR(static_cast<double>(left), 200, 2);
  ASSERT_TRUE(eventually([&] {
    const Counts counts = connections_of_workers(sluice);
    return counts[1] == 0 && counts[3] == 0;
  }));
  const Counts before = connections_of_workers(sluice);
  std::ranges::move(open(sluice, 150), std::back_inserter(clients));
  Counts counts = connections_of_workers(sluice);
  EXPECT_EQ(counts[0], before[0]);
  EXPECT_EQ(counts[2], before[2]);
  EXPECT_NEAR(counts[1], 75, 1);
  EXPECT_NEAR(counts[3], 75, 1);
  std::ranges::move(open(sluice, 50), std::back_inserter(clients));
  for (const int count : connections_of_workers(sluice)) EXPECT_NEAR(count, 100, 1);

  for (Peer& client : clients) EXPECT_TRUE(echoes(client, "still there"));
  clients.clear();
  expect_all_counted(sluice, 600);
  EXPECT_EQ(sluice.sessions(600).size(), 600u);
  invariants.expect_hold(16 << 20);
}

TEST(LeastLoaded, SpreadsABurst) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = kLeastLoaded, .process = "workers: 4"});
  Invariants invariants(sluice);

  std::vector<Peer> clients = burst(sluice, 200);
  EXPECT_TRUE(eventually([&] { return accepted(sluice) == 200; }));
  const Counts counts = connections_of_workers(sluice);
  EXPECT_EQ(total(counts), 200);
  EXPECT_LE(spread(counts), 2) << testing::PrintToString(counts);
  for (Peer& client : clients) EXPECT_TRUE(echoes(client, "x"));
  clients.clear();
  expect_all_counted(sluice, 200);
  invariants.expect_hold();
}

// The listener's and the process's limit stay exact, and who is beyond them has one reason.
TEST(LeastLoaded, HoldsLimits) {
  struct Case {
    std::string listener, process, reason;
  };
  for (const Case& c : {Case{", limits: {connections: 50}", "", "limit_listener"},
                        Case{"", ", max_connections: 50", "limit_process"}}) {
    Backend server(echo());
    Sluice sluice({.instances = {server.address()},
                   .listener = kLeastLoaded + c.listener,
                   .process = "workers: 4" + c.process});
    Invariants invariants(sluice);
    std::vector<Peer> clients = burst(sluice, 200);
    EXPECT_TRUE(eventually([&] { return closed(sluice) == 150; }));
    EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", c.reason}}), 150);
    EXPECT_EQ(total(connections_of_workers(sluice)), 50);
    EXPECT_LE(spread(connections_of_workers(sluice)), 2);
    clients.clear();
    expect_all_counted(sluice, 200);
    invariants.expect_hold();
  }
}

// Between the two ways and back, no connection is touched, and those that there are count.
TEST(LeastLoaded, IsSwitchedOnAndOffByAReload) {
  Backend server(echo());
  const Scene plain{.instances = {server.address()}, .process = "workers: 4"};
  Scene least = plain;
  least.listener = kLeastLoaded;
  Sluice sluice(plain);
  Invariants invariants(sluice);
  std::vector<Peer> clients = open(sluice, 40);
  const Counts by_hash = connections_of_workers(sluice);

  ASSERT_EQ(sluice.reload(least).status, 200);
  ASSERT_TRUE(all_workers_follow(sluice));
  EXPECT_EQ(connections_of_workers(sluice), by_hash);
  const int missing = *std::ranges::max_element(by_hash) * 4 - 40;
  std::ranges::move(open(sluice, missing), std::back_inserter(clients));
  EXPECT_EQ(connections_of_workers(sluice), Counts(4, *std::ranges::max_element(by_hash)));

  const auto before = workers_of_clients(sluice);
  ASSERT_EQ(sluice.reload(plain).status, 200);
  EXPECT_EQ(workers_of_clients(sluice), before);
  for (Peer& client : clients) EXPECT_TRUE(echoes(client, "untouched"));
  const int all = static_cast<int>(clients.size());
  clients.clear();
  expect_all_counted(sluice, all);
  invariants.expect_hold();
}

// Reloads under load: of instances, of the way to accept, of the listener's name.
TEST(LeastLoaded, LosesNobodyToReloads) {
  const int reloads = size_of_run(40, 400);
  Backend a(echo()), b(echo());
  Sluice sluice({.instances = {a.address()}, .listener = kLeastLoaded, .process = "workers: 4"});
  Invariants invariants(sluice);
  std::vector<Peer> long_ones = open(sluice, 40);
  ShortConnections load(sluice, 4);
  for (int i = 0; i < reloads; ++i) {
    const Scene next{.instances = {i % 4 < 2 ? a.address() : b.address()},
                     .service = "on_remove: {drain: 10m}",
                     .listener = i % 3 == 0 ? "" : kLeastLoaded,
                     .process = "workers: 4"};
    std::string text = sluice.configuration(next);
    if (i % 5 == 0) text.replace(text.find("name: front"), 11, "name: back");
    EXPECT_EQ(sluice.reload_text(text).status, 200);
    const int made = load.made();
    EXPECT_TRUE(eventually([&] { return load.made() > made + 20; }));
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
  for (Peer& client : long_ones) EXPECT_TRUE(echoes(client, "still there"));
  long_ones.clear();
  EXPECT_TRUE(becomes_quiet(sluice));
  EXPECT_EQ(sluice.sessions(40u + static_cast<unsigned>(load.made())).size(),
            40u + static_cast<unsigned>(load.made()));
  invariants.expect_hold(32 << 20);
}

// A listener goes and comes while clients connect to it: who was accepted is served or told, and
// nobody is forgotten, even where connections end with their listener.
TEST(LeastLoaded, AccountsForAllWhenTheListenerGoes) {
  Backend server(echo());
  const std::string door = loopback(reserve_port());
  const Scene without{.instances = {server.address()},
                      .process = "workers: 4, shutdown: {drain: 0s}"};
  Scene with = without;
  with.listeners = {"{name: second, bind: \"" + door + "\", service: s, " + kLeastLoaded + "}"};
  Sluice sluice(with);
  Invariants invariants(sluice);
  std::vector<Peer> long_ones = open(sluice, 4);
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!is_over) {
        try {
          Peer client = Peer::connect(door);
          client.try_send("x");
          client.finish();
          EXPECT_NE(client.wait_for_end(), End::open);
        } catch (const std::exception&) {
          pause_between_looks();  // refused: there is no listener
        }
      }
    });
  for (int i = 0; i < size_of_run(20, 200); ++i) {
    EXPECT_EQ(sluice.reload(i % 2 == 0 ? without : with).status, 200);
    pause_between_looks(10ms);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  for (Peer& client : long_ones) EXPECT_TRUE(echoes(client, "untouched"));
  long_ones.clear();
  EXPECT_TRUE(becomes_quiet(sluice));
  invariants.expect_hold(16 << 20);
}

TEST(LeastLoaded, WithOneWorkerHandsNothingOver) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {server.address()}, .listener = kLeastLoaded, .process = "workers: 1"});
  Invariants invariants(sluice);
  std::vector<Peer> clients = open(sluice, 20);
  EXPECT_EQ(connections_of_workers(sluice), Counts{20});
  clients.clear();
  expect_all_counted(sluice, 20);
  invariants.expect_hold();
}

TEST(LeastLoaded, DrainsWhatWasHandedOver) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()},
                 .listener = kLeastLoaded,
                 .process = "workers: 4, shutdown: {drain: 30s, spread: false}"});
  std::vector<Peer> clients = open(sluice, 40);
  sluice.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return connect_error(sluice.front()) == ECONNREFUSED; }));
  for (Peer& client : clients) EXPECT_TRUE(echoes(client, "still here"));
  EXPECT_TRUE(sluice.is_running());
  clients.clear();
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
  // And those that found out whether it still listens.
  EXPECT_GE(sluice.sessions(40).size(), 40u);
}

// SIGTERM in the midst of a burst: each connection that was accepted has its one line.
TEST(LeastLoaded, TellsOfEachConnectionWhenItStopsInABurst) {
  for (int i = 0; i < size_of_run(3, 30); ++i) {
    Backend server(echo());
    Sluice sluice({.instances = {server.address()},
                   .listener = kLeastLoaded,
                   .process = "workers: 4, shutdown: {drain: 1s, spread: false}"});
    std::atomic<std::size_t> served{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        std::vector<Peer> mine;
        try {
          for (;;) {
            mine.push_back(sluice.connect());
            if (!echoes(mine.back(), "x")) return;
            ++served;
          }
        } catch (const std::exception&) {  // refused: it has stopped listening
        }
      });
    EXPECT_TRUE(eventually([&] { return served > 50; }));
    sluice.signal(SIGTERM);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
    EXPECT_GE(sluice.sessions(served).size(), served);
  }
}

}  // namespace
}  // namespace sluice::test
