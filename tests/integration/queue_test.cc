// Services and instances that take so many connections at a time, and the clients that wait for
// room meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

class Queue : public testing::Test {
 protected:
  static Scene scene(const std::vector<std::string>& instances, const std::string& limits,
                     const std::string& workers = "workers: 4") {
    return {.instances = instances, .service = "limits: {" + limits + "}", .process = workers};
  }
  static double queued(const Sluice& sluice) {
    return sluice.metric("sluice_queue_clients", {{"service", "s"}});
  }
  static bool becomes_queued(const Sluice& sluice, std::size_t clients) {
    return eventually([&] { return queued(sluice) == static_cast<double>(clients); });
  }
  static double closed(const Sluice& sluice, const std::string& reason) {
    return sluice.metric("sluice_connections_closed_total", {{"reason", reason}});
  }
  // A client that says its name and then waits.
  static Peer come(const Sluice& sluice, char name) {
    Peer client = sluice.connect();
    client.send(std::string(1, name));
    return client;
  }
  // Clients "abc..." one after the other, each in the queue before the next one comes.
  static void line_up(const Sluice& sluice, const std::string& names, std::deque<Peer>& clients) {
    const auto before = static_cast<std::size_t>(queued(sluice));
    for (std::size_t i = 0; i < names.size(); ++i) {
      clients.push_back(come(sluice, names[i]));
      ASSERT_TRUE(becomes_queued(sluice, before + i + 1));
    }
  }
  // Takes the next `n` that reach the server, one after the other. A reset ends each on both sides.
  static std::string serve(Acceptor& server, std::size_t n) {
    std::string order;
    for (std::size_t i = 0; i < n; ++i) {
      Peer served = server.accept();
      order += served.receive(1);
      served.reset();
    }
    return order;
  }
};

// L09, where one limit holds for all instances of a service: whoever is full is passed over, for a
// later priority as well. Clients come one after the other, from one address, and stay.
struct Crowd {
  std::string policy;
  std::string of_a, of_b;  // options of the instances
  int limit;
  int clients;
  std::string taken;  // by whom, - by nobody; sorted where the policy draws lots
};

TEST_F(Queue, PassesOverWhoIsFull) {
  const Crowd table[] = {
      {"round_robin", "", "", 1, 4, "ab--"},
      {"round_robin", "", "", 2, 4, "abab"},
      {"round_robin", "weight: 2", "", 1, 4, "ab--"},
      {"round_robin", "weight: 2", "", 2, 5, "abab-"},
      {"round_robin", "", "priority: 1", 2, 6, "aabb--"},
      {"least_connections", "", "", 1, 4, "ab--"},
      {"least_connections", "", "priority: 1", 2, 6, "aabb--"},
      {"first", "", "", 2, 5, "aabb-"},
      {"random", "", "", 1, 3, "-ab"},
      {"hash", "", "", 1, 3, "-ab"},
      {"maglev", "", "", 1, 3, "-ab"},
      {"hash", "", "priority: 1", 1, 3, "ab-"},
  };
  for (const Crowd& row : table) {
    const std::string what = row.policy + " " + row.of_a + " " + row.of_b + " " + row.taken;
    Backend a(echo()), b(echo());
    const auto options = [](const std::string& id, const std::string& more) {
      return "id: " + id + (more.empty() ? "" : ", " + more);
    };
    Scene with = scene({instance(a.address(), options("a", row.of_a)),
                        instance(b.address(), options("b", row.of_b))},
                       "queue: 0, per_instance: " + std::to_string(row.limit), "workers: 1");
    with.service += ", balance: {policy: " + row.policy + "}";
    Sluice sluice(with);
    std::deque<Peer> clients;
    std::string taken;
    for (int i = 0; i < row.clients; ++i) {
      const auto before = a.accepted();
      Peer& client = clients.emplace_back(sluice.connect());
      client.send("x");
      const bool is_served = client.receive(1) == "x";
      taken += !is_served ? '-' : a.accepted() > before ? 'a' : 'b';
    }
    if (row.taken.front() == '-') std::ranges::sort(taken);
    EXPECT_EQ(taken, row.taken) << what;
    // A place that is given back is there for the next one.
    const auto first = static_cast<std::size_t>(taken.find_first_not_of('-'));
    ASSERT_LT(first, clients.size()) << what;
    const auto live = a.live() + b.live();
    clients[first].close();
    EXPECT_TRUE(eventually([&] { return a.live() + b.live() == live - 1; })) << what;
    EXPECT_TRUE(eventually([&] {
      Peer next = sluice.connect();
      return echoes(next, "x");
    })) << what;
  }
}

// Whoever is asked, the proxy or the servers, and however many race: a limit of 3 is never 4, and
// all are served.
TEST_F(Queue, KeepsInstancesUnderTheirLimitUnderARace) {
  constexpr int kThreads = 16;
  constexpr int kAsks = 40;
  constexpr std::uint64_t kLimit = 3;
  Backend a(ident("a")), b(ident("b"));
  for (const std::string policy : {"least_connections", "hash"}) {
    Scene with =
        scene({instance(a.address(), "id: a"), instance(b.address(), "id: b")}, "per_instance: 3");
    with.service += ", balance: {policy: " + policy + "}";
    Sluice sluice(with);
    Invariants invariants(sluice);
    std::atomic<int> served{0};
    std::atomic<bool> is_over{false};
    std::thread sampler([&] {
      while (!is_over) {
        const auto told = sluice.admin().get("/v1/explain?listener=front").json();
        for (const auto& each : told["candidates"]) {
          EXPECT_LE(each["connections"].get<std::uint64_t>(), kLimit);
        }
      }
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kAsks; ++i) served += ask(sluice).size() == 1;
      });
    }
    for (std::thread& thread : threads) thread.join();
    is_over = true;
    sampler.join();
    EXPECT_EQ(served, kThreads * kAsks);
    EXPECT_LE(a.most_live(), kLimit);
    EXPECT_LE(b.most_live(), kLimit);
    EXPECT_EQ(queued(sluice), 0);
    invariants.expect_hold();
  }
}

// Places that are held: exactly as many as there are, and the rest wait.
TEST_F(Queue, FillsEveryPlaceThatThereIs) {
  constexpr int kThreads = 16;
  Backend a(echo()), b(echo());
  Sluice sluice(scene({a.address(), b.address()}, "per_instance: 25, queue: 14"));
  Invariants invariants(sluice);
  std::vector<std::vector<Peer>> held(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : held) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        mine.push_back(sluice.connect());
        mine.back().try_send("x");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] { return closed(sluice, "queue_full") == 16; }));
  EXPECT_TRUE(eventually([&] { return a.live() == 25 && b.live() == 25; }));
  EXPECT_EQ(queued(sluice), 14);
  invariants.expect_counts_agree();
  EXPECT_EQ(a.most_live(), 25u);
  EXPECT_EQ(b.most_live(), 25u);
  held.clear();
  invariants.expect_hold();
}

TEST_F(Queue, ServesInTheOrderInWhichTheyCame) {
  const std::string kNames = "abcdefghijklmnopqrstuvwxyz";
  Acceptor server;
  Sluice sluice(scene({server.address()}, "per_instance: 1, queue_timeout: 0"));
  Invariants invariants(sluice);
  std::deque<Peer> clients;
  clients.push_back(come(sluice, '0'));
  Peer first = server.accept();
  line_up(sluice, kNames, clients);
  first.reset();
  std::string order = serve(server, 10);
  clients.push_back(come(sluice, '!'));  // while others wait, and places come and go
  order += serve(server, kNames.size() - 9);
  EXPECT_EQ(order, kNames + "!");
  clients.clear();
  invariants.expect_hold();
}

TEST_F(Queue, ServesInOrderWhereSeveralPlacesAreFreedAtOnce) {
  const std::string kNames = "abcdefghijklmnopqrst";
  Acceptor server;
  Sluice sluice(scene({server.address()}, "connections: 5"));
  Invariants invariants(sluice);
  std::deque<Peer> clients;
  std::vector<Peer> busy;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(come(sluice, '0'));
    busy.push_back(server.accept());
  }
  line_up(sluice, kNames, clients);
  std::string order;
  for (std::size_t served = 0; served < kNames.size(); served += 5) {
    for (Peer& each : busy) each.reset();
    busy.clear();
    for (int i = 0; i < 5; ++i) {
      busy.push_back(server.accept());
      order += busy.back().receive(1);
    }
  }
  EXPECT_EQ(order, kNames);
  busy.clear();
  clients.clear();
  invariants.expect_hold();
}

TEST_F(Queue, HasAnEndAndABound) {
  const Milliseconds timeout = kSanitized ? 3s : 400ms;
  Backend server(echo());
  Sluice sluice(scene({server.address()}, "per_instance: 1, queue: 2, queue_timeout: " +
                                              std::to_string(timeout.count()) + "ms"));
  Invariants invariants(sluice);
  Peer busy = sluice.connect();
  ASSERT_TRUE(echoes(busy, "x"));
  Stopwatch watch;
  std::deque<Peer> clients;
  line_up(sluice, "ab", clients);
  EXPECT_EQ(sluice.admin().get("/v1/status").json()["queues"].dump(),
            R"([{"clients":2,"limit":2,"service":"s"}])");
  EXPECT_EQ(sluice.admin().get("/v1/explain?listener=front").json()["why"],
            "every instance is at its limit, and the queue is full, with 2 clients");
  Peer third = sluice.connect();
  EXPECT_EQ(third.wait_for_end(), End::fin);
  EXPECT_EQ(closed(sluice, "queue_full"), 1);
  for (Peer& client : clients) EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), timeout - 10ms);
  EXPECT_EQ(closed(sluice, "queue_timeout"), 2);
  EXPECT_EQ(queued(sluice), 0);
  EXPECT_TRUE(echoes(busy, "still served"));
  busy.close();
  invariants.expect_hold();
}

TEST_F(Queue, OfNobodyRefusesAtOnce) {
  Backend server(echo());
  Sluice sluice(scene({server.address()}, "connections: 1, queue: 0"));
  Invariants invariants(sluice);
  Peer busy = sluice.connect();
  ASSERT_TRUE(echoes(busy, "x"));
  for (int i = 0; i < 5; ++i) {
    Peer refused = sluice.connect();
    EXPECT_EQ(refused.wait_for_end(), End::fin);
  }
  EXPECT_EQ(closed(sluice, "queue_full"), 5);
  busy.close();
  EXPECT_TRUE(eventually([&] {
    Peer next = sluice.connect();
    return echoes(next, "x");
  }));
  invariants.expect_hold();
}

TEST_F(Queue, IsLeftByAClientThatGoes) {
  Acceptor server;
  Sluice sluice(scene({server.address()}, "per_instance: 1"));
  Invariants invariants(sluice);
  std::deque<Peer> clients;
  clients.push_back(come(sluice, '0'));
  Peer busy = server.accept();
  line_up(sluice, "abcd", clients);
  clients[2].reset();
  ASSERT_TRUE(becomes_queued(sluice, 3));
  clients[4].reset();
  ASSERT_TRUE(becomes_queued(sluice, 2));
  EXPECT_EQ(closed(sluice, "client_reset"), 2);
  clients[3].finish();  // has said what it had to say, and wants its answer
  busy.reset();
  EXPECT_EQ(serve(server, 2), "ac");
  clients.clear();
  invariants.expect_hold();
}

// A dead instance always has room. It gets nobody for whom the living have none.
TEST_F(Queue, WaitsForTheLivingWhereAnInstanceDies) {
  Backend a(echo());
  Acceptor b;
  Scene with =
      scene({instance(a.address(), "id: a"), instance(b.address(), "id: b")}, "per_instance: 1");
  with.service += ", retry: {max_retries: 3, base_delay: 1ms}";
  Sluice sluice(with);
  Invariants invariants(sluice);
  std::deque<Peer> clients;
  for (const char name : {'0', '1'}) clients.push_back(come(sluice, name));
  Peer busy = b.accept();
  const std::size_t at_b = busy.receive(1) == "0" ? 0 : 1;
  ASSERT_TRUE(eventually([&] { return a.live() == 1; }));
  line_up(sluice, "xyz", clients);
  a.stop();  // whoever is given its place is refused, and waits for b from then on
  clients[1 - at_b].close();
  ASSERT_TRUE(eventually(
      [&] { return sluice.metric("sluice_retries_total", {{"reason", "refused"}}) >= 3; }));
  ASSERT_TRUE(becomes_queued(sluice, 3));
  busy.reset();
  std::string order = serve(b, 3);
  std::ranges::sort(order);
  EXPECT_EQ(order, "xyz");
  EXPECT_EQ(closed(sluice, "connect_failed"), 0);
  clients.clear();
  invariants.expect_hold();
}

TEST_F(Queue, EndsWhereNobodyIsLeft) {
  const auto status = std::make_shared<std::atomic<int>>(200);
  Backend health(http(status)), server(echo());
  Scene with = scene({instance(server.address(), "id: a")}, "per_instance: 1, queue_timeout: 20s");
  with.service +=
      ", check: {type: http, port: " + health.address().substr(health.address().rfind(':') + 1) +
      ", interval: 50ms, fast_interval: 50ms, rise: 1, fall: 1}";
  Sluice sluice(with);
  Invariants invariants(sluice);
  Peer busy = sluice.connect();
  ASSERT_TRUE(echoes(busy, "x"));
  std::deque<Peer> clients;
  line_up(sluice, "abc", clients);
  *status = 503;
  for (Peer& client : clients) EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_EQ(closed(sluice, "no_instance"), 3);
  EXPECT_EQ(queued(sluice), 0);
  busy.close();
  invariants.expect_hold();
}

TEST_F(Queue, GoesByLimitsThatAReloadChanges) {
  Acceptor server;
  const auto limited = [&](const std::string& limits) {
    return scene({server.address()}, limits + ", queue_timeout: 20s");
  };
  Sluice sluice(limited("per_instance: 1"));
  Invariants invariants(sluice);
  std::deque<Peer> clients;
  std::vector<Peer> busy;
  const auto end = [&](std::size_t how_many) {
    for (; how_many > 0; --how_many, busy.pop_back()) busy.back().reset();
  };
  const auto is_served = [&] {
    busy.push_back(server.accept());
    return busy.back().receive(1);
  };
  clients.push_back(come(sluice, '0'));
  EXPECT_EQ(is_served(), "0");
  line_up(sluice, "abcdef", clients);
  ASSERT_EQ(sluice.reload(limited("per_instance: 3")).status, 200);
  EXPECT_EQ(is_served(), "a");
  EXPECT_EQ(is_served(), "b");
  ASSERT_TRUE(becomes_queued(sluice, 4));
  ASSERT_EQ(sluice.reload(limited("per_instance: 4, connections: 4")).status, 200);
  EXPECT_EQ(is_served(), "c");
  ASSERT_TRUE(becomes_queued(sluice, 3));

  ASSERT_EQ(sluice.reload(limited("per_instance: 2")).status, 200);
  end(2);  // the two that stay are as many as there may be
  EXPECT_TRUE(eventually([&] { return sluice.metric("sluice_connections_active") == 5; }));
  EXPECT_EQ(queued(sluice), 3);
  EXPECT_TRUE(server.nobody_comes_for(20ms));
  end(1);
  EXPECT_EQ(is_served(), "d");

  ASSERT_EQ(sluice.reload({.instances = {server.address()}, .process = "workers: 4"}).status, 200);
  EXPECT_EQ(is_served(), "e");
  EXPECT_EQ(is_served(), "f");
  busy.clear();
  clients.clear();
  invariants.expect_hold();
}

// Two listeners, one with a selector: each has its order, and the service one limit.
TEST_F(Queue, OfASelectionDoesNotHoldUpTheOthers) {
  Acceptor primary, replica;
  const std::string second = loopback(reserve_port());
  Scene with = scene({instance(primary.address(), "id: a, labels: {role: primary}"),
                      instance(replica.address(), "id: b, labels: {role: replica}")},
                     "per_instance: 1, connections: 2");
  with.listeners = {"{name: primaries, bind: \"" + second +
                    "\", service: s, selector: role=primary}"};
  Sluice sluice(with);
  Invariants invariants(sluice);
  const auto ask_primary = [&](const std::string& name) {
    Peer client = Peer::connect(second);
    client.send(name);
    return client;
  };
  Peer one = ask_primary("1");
  Peer at_primary = primary.accept();
  EXPECT_EQ(at_primary.receive(1), "1");
  Peer two = ask_primary("2");
  ASSERT_TRUE(becomes_queued(sluice, 1));
  Peer other = come(sluice, 'x');
  Peer at_replica = replica.accept();
  EXPECT_EQ(at_replica.receive(1), "x");
  Peer waits = come(sluice, 'y');
  ASSERT_TRUE(becomes_queued(sluice, 2));
  at_replica.reset();
  Peer next = replica.accept();
  EXPECT_EQ(next.receive(1), "y");
  EXPECT_EQ(queued(sluice), 1);
  at_primary.reset();
  EXPECT_EQ(primary.accept().receive(1), "2");
  next.reset();
  one.close();
  two.close();
  other.close();
  waits.close();
  invariants.expect_hold();
}

// Clients of every sort come and go in a race; in the end there are as many places as before.
TEST_F(Queue, LosesNoPlaceOverManyConnections) {
  constexpr int kThreads = 8;
  constexpr std::size_t kPlaces = 6;
  const int rounds = size_of_run(5'000, 100'000) / kThreads;
  Backend a(ident("a")), b(ident("b")), rude(reset_on_accept());
  DeadEnd dead;
  Scene with = scene({a.address(), b.address(), rude.address(), dead.address()},
                     "per_instance: 2, connections: 7, queue: 10, queue_timeout: 50ms");
  with.service += ", retry: {max_retries: 2, base_delay: 1ms, max_delay: 2ms}";
  with.listener = "access_log: false";
  Sluice sluice(with);
  Invariants invariants(sluice);
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        Peer client = sluice.connect();
        const int sort = (t + i) % 8;
        if (sort == 0) {
          client.reset();
        } else if (sort == 1) {
          client.close();
        } else {
          client.try_send(".");
          served += client.receive_rest().text.size() == 1;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(served, 0);
  EXPECT_TRUE(becomes_quiet(sluice));
  EXPECT_EQ(queued(sluice), 0);

  Backend quiet(hold()), quieter(hold()), quietest(hold());
  ASSERT_EQ(sluice
                .reload(scene({quiet.address(), quieter.address(), quietest.address()},
                              "per_instance: 3, connections: 6, queue: 0"))
                .status,
            200);
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < 3 * kPlaces; ++i) clients.push_back(sluice.connect());
  EXPECT_TRUE(
      eventually([&] { return quiet.live() + quieter.live() + quietest.live() == kPlaces; }));
  EXPECT_TRUE(eventually([&] { return sluice.metric("sluice_connections_active") == kPlaces; }));
  clients.clear();
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
