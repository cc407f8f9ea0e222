// Clients that wait where nobody is there to take them.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

class Hold : public testing::Test {
 protected:
  static Scene scene(const std::string& hold, const std::string& workers = "workers: 1") {
    return {.listener = "no_instance: {action: hold, " + hold + "}", .process = workers};
  }
  static int enroll(const Sluice& sluice, const std::string& address) {
    return sluice.admin()
        .put("/v1/services/s/instances/a?wait=applied", R"({"address":")" + address + "\"}")
        .status;
  }
  static std::size_t held(const Sluice& sluice) {
    const auto all = sluice.admin().get("/v1/connections").json()["connections"];
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const auto& each) { return each["state"] == "held"; }));
  }
};

TEST_F(Hold, ClientsAreServedInOrderTheMomentSomebodyComes) {
  constexpr std::size_t kClients = 20;
  Acceptor server;
  Sluice sluice(scene("hold: 20s"));
  Invariants invariants(sluice);
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(sluice.connect());
    clients.back().send(std::string(1, static_cast<char>('a' + i)));
    ASSERT_TRUE(eventually([&] { return held(sluice) == i + 1; }));
  }
  clients[3].close();  // has sent what it had to say, and is served like others
  ASSERT_EQ(enroll(sluice, server.address()), 200);
  std::string order;
  for (std::size_t i = 0; i < kClients; ++i) {
    Peer served = server.accept();
    order += served.receive(1);
    served.send("!");
  }
  EXPECT_EQ(order, "abcdefghijklmnopqrst");
  for (std::size_t i = 0; i < kClients; ++i) {
    if (i == 3) continue;
    EXPECT_EQ(clients[i].receive(1), "!") << i;
  }
  clients.clear();
  invariants.expect_hold();
}

// config/examples/one-instance.yaml, with a door of its own: from zero to one.
TEST_F(Hold, OfTheExampleWaitsForTheFirstInstance) {
  Backend jobs(ident("jobs"));
  const std::string front = loopback(reserve_port());
  std::string text = read_file(SOURCE_DIR "/config/examples/one-instance.yaml");
  const std::string said = "127.0.0.1:7000";
  ASSERT_NE(text.find(said), std::string::npos);
  text.replace(text.find(said), said.size(), front);
  Sluice sluice({.instances = {jobs.address()}});
  ASSERT_EQ(sluice.reload_text(text).status, 200);
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < 5; ++i) {
    clients.push_back(Peer::connect(front));
    clients.back().send(".");
    ASSERT_TRUE(eventually([&] { return held(sluice) == i + 1; }));
  }
  EXPECT_EQ(sluice.metric("sluice_connections_held", {{"listener", "jobs"}}), 5);
  ASSERT_EQ(sluice.admin()
                .put("/v1/services/jobs/instances/a", R"({"address":")" + jobs.address() + "\"}")
                .status,
            200);
  for (Peer& client : clients) EXPECT_EQ(client.receive_rest().text, "jobs");
}

TEST_F(Hold, HasAnEnd) {
  Sluice sluice(scene("hold: 300ms"));
  Invariants invariants(sluice);
  Stopwatch watch;
  Peer client = sluice.connect();
  EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 290ms);
  EXPECT_EQ(sluice.sessions(1).back()["reason"], "no_instance");
  invariants.expect_hold();
}

TEST_F(Hold, IsForSoManyOverAllWorkers) {
  constexpr std::size_t kMost = 5;
  Backend server(echo());
  Sluice sluice(scene("hold: 20s, hold_max: 5", "workers: 4"));
  Invariants invariants(sluice);
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(sluice.connect());
  EXPECT_TRUE(eventually([&] {
    return sluice.metric("sluice_connections_closed_total", {{"reason", "no_instance"}}) == 15;
  }));
  EXPECT_EQ(held(sluice), kMost);
  ASSERT_EQ(enroll(sluice, server.address()), 200);
  std::size_t served = 0;
  for (Peer& client : clients)
    if (client.try_send("x") && client.receive(1) == "x") ++served;
  EXPECT_EQ(served, kMost);
  clients.clear();
  invariants.expect_hold();
}

TEST_F(Hold, EndsWithTheClient) {
  Sluice sluice(scene("hold: 20s"));
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  ASSERT_TRUE(eventually([&] { return held(sluice) == 1; }));
  client.reset();
  EXPECT_EQ(sluice.sessions(1).back()["reason"], "client_reset");
  invariants.expect_hold();
}

// An instance that goes down by its check and comes back is waited for like one that registers.
TEST_F(Hold, BridgesAnOutage) {
  const auto status = std::make_shared<std::atomic<int>>(200);
  Backend health(http(status)), server(echo());
  Scene with = scene("hold: 20s", "workers: 2");
  with.instances = {instance(server.address(), "id: a")};
  with.service =
      "check: {type: http, port: " + health.address().substr(health.address().rfind(':') + 1) +
      ", interval: 50ms, fast_interval: 50ms, rise: 1, fall: 1}";
  Sluice sluice(with);
  Invariants invariants(sluice);
  for (int round = 0; round < 3; ++round) {
    *status = 503;
    ASSERT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
    std::vector<Peer> clients;
    for (int i = 0; i < 50; ++i) clients.push_back(sluice.connect());
    ASSERT_TRUE(eventually([&] { return held(sluice) == clients.size(); }));
    *status = 200;
    for (Peer& client : clients) EXPECT_TRUE(echoes(client, "bridged"));
  }
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "no_instance"}}), 0);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
