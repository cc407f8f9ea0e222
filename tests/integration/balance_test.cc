// Which instance takes a connection: scenarios L.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Answers = std::map<std::string, int>;

// Servers that answer with their names a, b, c, ..., each an instance whose id is its name.
class Named {
 public:
  explicit Named(const std::vector<int>& weights) : weights_(weights) {
    for (std::size_t i = 0; i < weights.size(); ++i)
      servers_.push_back(std::make_unique<Backend>(ident(name(i))));
  }
  static std::string name(std::size_t i) { return std::string(1, static_cast<char>('a' + i)); }
  Backend& operator[](std::size_t i) { return *servers_[i]; }
  std::size_t size() const { return servers_.size(); }

  // All of them, or all but one.
  std::vector<std::string> instances(std::size_t without = ~std::size_t{0}) const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < servers_.size(); ++i)
      if (i != without)
        all.push_back(instance(servers_[i]->address(),
                               "id: " + name(i) + ", weight: " + std::to_string(weights_[i])));
    return all;
  }

 private:
  const std::vector<int> weights_;
  std::vector<std::unique_ptr<Backend>> servers_;
};

// The answers to n questions, in a row.
std::string sequence(const Sluice& sluice, std::size_t n) {
  std::string names;
  for (std::size_t i = 0; i < n; ++i) names += ask(sluice);
  return names;
}

// Is `names` the pattern over and over, begun at any place?
bool cycles(const std::string& names, const std::string& pattern) {
  std::string endless = pattern;
  while (endless.size() < names.size() + pattern.size()) endless += pattern;
  return endless.find(names) != std::string::npos;
}

// L01
TEST(RoundRobin, SharesByWeight) {
  const std::vector<std::pair<std::vector<int>, Answers>> cases = {
      {{1, 1}, {{"a", 15}, {"b", 15}}},
      {{1, 2}, {{"a", 10}, {"b", 20}}},
  };
  for (const auto& [weights, expected] : cases) {
    Named servers(weights);
    Sluice sluice({.instances = servers.instances(),
                   .service = "balance: {policy: round_robin}",
                   .process = "workers: 1"});
    Invariants invariants(sluice);
    EXPECT_EQ(ask_times(sluice, 30), expected);
    invariants.expect_hold();
  }
}

// L01, L02: the smooth order of nginx, over three cycles.
TEST(RoundRobin, GoesRoundInTheSmoothOrder) {
  const std::vector<std::pair<std::vector<int>, std::string>> cases = {
      {{1, 1, 1, 1}, "abcd"},
      {{5, 1, 1}, "aabacaa"},
      {{1, 2, 3}, "cbacbc"},
      {{3, 3, 1}, "abcabab"},
  };
  for (const auto& [weights, pattern] : cases) {
    Named servers(weights);
    Sluice sluice({.instances = servers.instances(),
                   .service = "balance: {policy: round_robin}",
                   .process = "workers: 1"});
    Invariants invariants(sluice);
    const std::string names = sequence(sluice, 3 * pattern.size());
    EXPECT_TRUE(cycles(names, pattern)) << names << " is no round of " << pattern;
    invariants.expect_hold();
  }
}

// L03
TEST(LeastConnections, SharesIdleInstancesAndAvoidsTheBusyOne) {
  Backend a(echo()), b(echo());
  Sluice sluice({.instances = {a.address(), b.address()}, .process = "workers: 1"});
  Invariants invariants(sluice);
  const auto echo_ten_times = [&] {
    for (int i = 0; i < 10; ++i) {
      const double active = sluice.metric("sluice_instance_connections");
      Peer client = sluice.connect();
      EXPECT_TRUE(echoes(client, "x"));
      client.close();
      EXPECT_TRUE(
          eventually([&] { return sluice.metric("sluice_instance_connections") == active; }));
    }
  };

  echo_ten_times();
  EXPECT_EQ(a.accepted(), 5u);
  EXPECT_EQ(b.accepted(), 5u);

  Peer held = sluice.connect();
  EXPECT_TRUE(echoes(held, "x"));
  Backend& busy = a.live() == 1 ? a : b;
  invariants.expect_counts_agree();
  echo_ten_times();
  EXPECT_EQ(busy.accepted(), 6u);
  EXPECT_EQ(a.accepted() + b.accepted(), 21u);
  held.close();
  invariants.expect_hold();
}

// L03
TEST(LeastConnections, HoldsConnectionsByWeight) {
  Backend light(echo()), heavy(echo());
  Sluice sluice({.instances = {instance(light.address(), "weight: 1"),
                               instance(heavy.address(), "weight: 2")}});
  Invariants invariants(sluice);

  std::vector<Peer> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(sluice.connect());
    EXPECT_TRUE(echoes(clients.back(), "x"));
  }
  EXPECT_NEAR(static_cast<double>(light.live()), 10, 1);
  EXPECT_NEAR(static_cast<double>(heavy.live()), 20, 1);
  invariants.expect_counts_agree();
  clients.clear();
  invariants.expect_hold();
}

// L04
TEST(Hashing, GivesOneClientOneInstance) {
  for (const std::string policy : {"hash", "maglev"}) {
    Named servers({1, 1, 1});
    Sluice sluice(
        {.instances = servers.instances(), .service = "balance: {policy: " + policy + "}"});
    Invariants invariants(sluice);
    for (const std::string source : {"127.0.0.1", "127.0.0.77", "127.9.8.7"}) {
      Answers answers;
      for (int i = 0; i < 10; ++i) ++answers[ask(sluice, {.source = source})];
      EXPECT_EQ(answers.size(), 1u) << policy << " for " << source;
      EXPECT_EQ(answers[""], 0) << policy << " for " << source;
    }
    invariants.expect_hold();
  }
}

// L04: a client of a unix socket has no address; the instances take turns.
TEST(Hashing, SharesClientsWithoutAnAddress) {
  Named servers({1, 1});
  const TempDir files;
  const std::string door = "unix:" + files.path("door");
  Sluice sluice({.instances = servers.instances(),
                 .service = "balance: {policy: hash}",
                 .listeners = {"{bind: \"" + door + "\", service: s}"}});
  Invariants invariants(sluice);

  Answers answers;
  for (int i = 0; i < 40; ++i) {
    Peer client = Peer::connect(door);
    client.send(".");
    ++answers[client.receive_rest().text];
  }
  EXPECT_EQ(answers["a"] + answers["b"], 40);
  EXPECT_GE(answers["a"], 5);
  EXPECT_GE(answers["b"], 5);
  invariants.expect_hold();
}

std::string nth_source(int i) {
  return "127." + std::to_string(1 + i / 65'000) + "." + std::to_string(i / 250 % 250) + "." +
         std::to_string(1 + i % 250);
}

std::vector<std::string> map_of(const Sluice& sluice, int sources) {
  std::vector<std::string> map;
  for (int i = 0; i < sources; ++i) map.push_back(ask(sluice, {.source = nth_source(i)}));
  return map;
}

// L05: who was not on the instance that went stays where he is.
TEST(Hashing, RemovalMovesOnlyTheKeysOfTheRemoved) {
  constexpr int kSources = 500;
  for (const auto& weights : {std::vector{1, 1, 1}, {1, 1, 10}}) {
    const std::string policy = "balance: {policy: hash}";
    Named servers(weights);
    Sluice sluice({.instances = servers.instances(), .service = policy});
    Invariants invariants(sluice);

    const std::vector<std::string> before = map_of(sluice, kSources);
    ASSERT_EQ(sluice.reload({.instances = servers.instances(1), .service = policy}).status, 200);
    EXPECT_TRUE(eventually([&] { return sluice.instance_state("b").empty(); }));
    const std::vector<std::string> after = map_of(sluice, kSources);
    int moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_NE(after[i], "b");
      EXPECT_NE(after[i], "");
      if (before[i] != "b") {
        EXPECT_EQ(after[i], before[i]);
      } else {
        ++moved;
      }
    }
    EXPECT_GT(moved, 0);
    invariants.expect_hold();
  }
}

// L05: the unevenness of the ring or table itself, and five standard deviations for the sample of
// clients.
TEST(Hashing, SpreadsClientsEvenly) {
  const int sources = size_of_run(2'000, 5'000);
  const std::vector<std::pair<std::string, double>> cases = {{"hash", 1.35}, {"maglev", 1.01}};
  for (const auto& [policy, bound] : cases) {
    Named servers(std::vector<int>(10, 1));
    Sluice sluice(
        {.instances = servers.instances(), .service = "balance: {policy: " + policy + "}"});
    Invariants invariants(sluice);

    Answers answers;
    for (const std::string& name : map_of(sluice, sources)) ++answers[name];
    EXPECT_EQ(answers.count(""), 0u);
    EXPECT_EQ(answers.size(), 10u);
    const auto most = std::ranges::max_element(answers, {}, [](const auto& a) { return a.second; });
    const double fair = sources / 10.0;
    EXPECT_LE(most->second, bound * fair + 5 * std::sqrt(fair)) << policy;
    invariants.expect_hold();
  }
}

// L13: one client opens them all, and over four instances of equal weight nobody ever has more than
// 1.25 times its share.
TEST(Hashing, AHotClientOverflowsToTheOthersWithinTheBound) {
  for (const std::string policy : {"hash", "maglev"}) {
    std::vector<std::unique_ptr<Backend>> backends;
    std::vector<std::string> instances;
    for (int i = 0; i < 4; ++i) {
      backends.push_back(std::make_unique<Backend>(echo()));
      instances.push_back(backends.back()->address());
    }
    Sluice sluice({.instances = instances,
                   .service = "balance: {policy: " + policy + ", hash: {max_load: 1.25}}"});
    Invariants invariants(sluice);
    std::vector<Peer> held;
    std::size_t most = 0;
    for (std::size_t k = 1; k <= 40; ++k) {
      held.push_back(sluice.connect());
      ASSERT_TRUE(echoes(held.back(), "x"));
      most = 0;
      for (const auto& backend : backends) most = std::max(most, backend->live());
      ASSERT_LE(most, (5 * k + 15) / 16) << policy << " after " << k;
    }
    EXPECT_EQ(most, 13u) << "and its home is filled up to it";
    held.clear();
    invariants.expect_hold();
  }
}

TEST(Hashing, ByAddressAndPortSpreadsOneClient) {
  Named servers({1, 1});
  Sluice sluice({.instances = servers.instances(),
                 .service = "balance: {policy: maglev, hash: {key: client}}"});
  Invariants invariants(sluice);
  Answers answers = ask_times(sluice, 40);
  EXPECT_EQ(answers["a"] + answers["b"], 40);
  EXPECT_GE(answers["a"], 1);
  EXPECT_GE(answers["b"], 1);
  invariants.expect_hold();
}

// L08
TEST(RandomChoice, PassesOverTheDeadAndTheDisabled) {
  const DeadEnd dead;
  Backend disabled(ident("disabled")), good(ident("good"));
  for (const std::string policy : {"random", "p2c"}) {
    Sluice sluice(
        {.instances = {dead.address(), instance(disabled.address(), "weight: 0"), good.address()},
         .service = "balance: {policy: " + policy + "}, retry: {max_retries: 1}"});
    Invariants invariants(sluice);
    EXPECT_EQ(ask_times(sluice, 10), (Answers{{"good", 10}})) << policy;
    EXPECT_EQ(disabled.accepted(), 0u);
    invariants.expect_hold();
  }
}

// L08
TEST(RandomChoice, OfTwoTakesTheLessBusy) {
  Backend a(echo()), b(echo());
  const std::string keep = "balance: {policy: p2c}";
  Sluice sluice(
      {.instances = {instance(a.address(), "id: a"), instance(b.address(), "id: b, weight: 0")},
       .service = keep});
  Invariants invariants(sluice);
  std::vector<Peer> held;
  for (int i = 0; i < 50; ++i) {
    held.push_back(sluice.connect());
    EXPECT_TRUE(echoes(held.back(), "x"));
  }
  EXPECT_EQ(a.live(), 50u);

  ASSERT_EQ(
      sluice
          .reload({.instances = {instance(a.address(), "id: a"), instance(b.address(), "id: b")},
                   .service = keep})
          .status,
      200);
  EXPECT_TRUE(eventually([&] {
    Peer client = sluice.connect();
    return echoes(client, "x") && b.accepted() > 0;
  }));
  const std::uint64_t to_a = a.accepted();
  for (int i = 0; i < 50; ++i) {
    Peer client = sluice.connect();
    EXPECT_TRUE(echoes(client, "x"));
  }
  EXPECT_LE(a.accepted() - to_a, 10u);
  held.clear();
  invariants.expect_hold();
}

// L12
TEST(Weights, ZeroTakesNothingNewAndKeepsWhatIsThere) {
  Backend a(echo()), b(echo());
  const auto scene = [&](int weight_a, int weight_b) {
    return Scene{
        .instances = {instance(a.address(), "id: a, weight: " + std::to_string(weight_a)),
                      instance(b.address(), "id: b, weight: " + std::to_string(weight_b))}};
  };
  Sluice sluice(scene(1, 1));
  Invariants invariants(sluice);
  Peer first = sluice.connect();
  Peer second = sluice.connect();
  EXPECT_TRUE(echoes(first, "x"));
  EXPECT_TRUE(echoes(second, "x"));

  // One at zero: all that is new goes to the other.
  ASSERT_EQ(sluice.reload(scene(0, 1)).status, 200);
  EXPECT_TRUE(eventually([&] { return sluice.instance_status("a").at("weight") == 0; }));
  const std::uint64_t to_a = a.accepted();
  for (int i = 0; i < 20; ++i) {
    Peer client = sluice.connect();
    EXPECT_TRUE(echoes(client, "x"));
  }
  EXPECT_EQ(a.accepted(), to_a);

  // All at zero: refused at once.
  ASSERT_EQ(sluice.reload(scene(0, 0)).status, 200);
  EXPECT_TRUE(eventually([&] { return sluice.instance_status("b").at("weight") == 0; }));
  Stopwatch refusing;
  EXPECT_NE(sluice.connect().wait_for_end(), End::open);
  EXPECT_LT(refusing.elapsed(), 1s);
  EXPECT_TRUE(eventually([&] {
    return sluice.metric("sluice_connections_closed_total", {{"reason", "no_instance"}}) == 1;
  }));

  // Back: served again.
  Stopwatch returning;
  ASSERT_EQ(sluice.reload(scene(1, 1)).status, 200);
  EXPECT_TRUE(eventually([&] {
    Peer client = sluice.connect();
    return echoes(client, "x");
  }));
  EXPECT_LT(returning.elapsed(), 1s);
  EXPECT_TRUE(echoes(first, "through all of it"));
  EXPECT_TRUE(echoes(second, "through all of it"));
  first.close();
  second.close();
  invariants.expect_hold();
}

// H10, without its clock: how far the window has come is the registry's test.
TEST(SlowStart, GivesWhoComesBackAPartOfItsShare) {
  Backend a(ident("a")), b(ident("b"));
  const auto scene = [&](const std::string& window) {
    return Scene{.instances = {instance(a.address(), "id: a"), instance(b.address(), "id: b")},
                 .service =
                     "check: {type: tcp, interval: 100ms, fast_interval: 100ms, rise: 1, fall: 1}, "
                     "balance: {policy: round_robin, slow_start: {window: " +
                     window + "}}",
                 .process = "workers: 1"};
  };
  Sluice sluice(scene("10m"));
  Invariants invariants(sluice);
  EXPECT_EQ(sluice.instance_state("b"), "up") << "not those of the start";
  EXPECT_EQ(ask_times(sluice, 20), (Answers{{"a", 10}, {"b", 10}}));

  b.stop();
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "down"; }));
  b.start();
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "warming"; }));
  EXPECT_EQ(sluice.instance_status("b").at("reason"), "slow start: for 600s");
  EXPECT_EQ(sluice.metric("sluice_instance_up", {{"instance", "b"}}), 1);
  EXPECT_EQ(sluice.metric("sluice_instance_state", {{"instance", "b"}, {"state", "warming"}}), 1);
  ask_times(sluice, 10);
  Answers answers = ask_times(sluice, 110);
  EXPECT_EQ(answers["a"] + answers["b"], 110);
  EXPECT_NEAR(answers["b"], 10, 3) << "a tenth of its weight, beside one that has all of it";

  ASSERT_EQ(sluice.reload(scene("10m")).status, 200);
  EXPECT_EQ(sluice.instance_state("b"), "warming") << "a reload does not end it";
  ASSERT_EQ(sluice.reload(scene("0s")).status, 200);
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "up"; }));
  answers = ask_times(sluice, 20);
  EXPECT_NEAR(answers["b"], 10, 1) << "and has no arrears";
  invariants.expect_hold();
}

// config/examples/postgres-primary.yaml, with doors of its own.
TEST(PostgresPrimary, WritersFollowTheLabel) {
  Backend one(ident("one")), two(ident("two"));
  const TempDir files;
  const std::string writers = "unix:" + files.path("write"), readers = "unix:" + files.path("read");
  std::ifstream example(SOURCE_DIR "/config/examples/postgres-primary.yaml");
  std::string text{std::istreambuf_iterator(example), {}};
  for (const auto& [address, door] :
       {std::pair{std::string("127.0.0.1:5432"), writers}, {"127.0.0.1:5433", readers}}) {
    ASSERT_NE(text.find(address), std::string::npos);
    text.replace(text.find(address), address.size(), door);
  }
  Sluice sluice({.instances = {one.address()}});
  ASSERT_EQ(sluice.reload_text(text).status, 200);

  const auto register_as = [&](const std::string& id, Backend& server, const std::string& role) {
    const std::string body = R"({"address":")" + server.address() +
                             R"(","zone":"a","labels":{"role":")" + role + R"("}})";
    EXPECT_EQ(sluice.admin().put("/v1/services/pg/instances/" + id + "?wait=applied", body).status,
              200);
  };
  const auto answer_at = [](const std::string& door) {
    Peer client = Peer::connect(door);
    client.try_send(".");
    return client.receive_rest().text;
  };
  register_as("db-1", one, "primary");
  register_as("db-2", two, "replica");
  EXPECT_EQ(answer_at(writers), "one") << "held until it is up, if need be";
  EXPECT_TRUE(eventually([&] { return answer_at(readers) == "two"; }));

  register_as("db-1", one, "replica");
  register_as("db-2", two, "primary");
  EXPECT_EQ(answer_at(writers), "two");
  EXPECT_EQ(answer_at(readers), "one");
}

}  // namespace
}  // namespace sluice::test
