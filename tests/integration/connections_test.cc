// How live connections are ended while the proxy goes on: by name, by age, and with the listener or
// the instance that they came by.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

Json connection_of(const Sluice& sluice, const Peer& client) {
  const std::string port = ":" + std::to_string(client.port());
  const Json listed = sluice.admin().get("/v1/connections").json();
  for (const Json& each : listed.at("connections")) {
    if (each["client"].get<std::string>().ends_with(port)) return each;
  }
  return nullptr;
}

std::vector<Peer> crowd(const Sluice& sluice, const std::string& door, std::size_t count) {
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(Peer::connect(door));
    EXPECT_TRUE(echoes(clients.back(), "x")) << sluice.errors();
  }
  return clients;
}

// Of a log line, within its day.
int milliseconds_of(const Json& line) {
  const std::string time = line.at("time");  // 2026-11-21T12:58:19.384Z
  return std::stoi(time.substr(11, 2)) * 3600'000 + std::stoi(time.substr(14, 2)) * 60'000 +
         std::stoi(time.substr(17, 2)) * 1000 + std::stoi(time.substr(20, 3));
}

TEST(Connections, OneIsEndedByItsNameAndNoOther) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);
  Peer ended = sluice.connect(), stays = sluice.connect();
  ASSERT_TRUE(echoes(ended, "x") && echoes(stays, "x"));
  const std::string path = "/v1/connections/";
  for (const char* none : {"0", "0-", "-1", "x-1", "0-x", "0-99999", "99-1", "0-1-1"}) {
    EXPECT_EQ(sluice.admin().del(path + none).status, 404) << none;
  }

  const std::string id = connection_of(sluice, ended)["id"];
  EXPECT_EQ(sluice.admin().del(path + id).status, 204);
  EXPECT_NE(ended.wait_for_end(), End::open);
  EXPECT_TRUE(eventually([&] { return server.live() == 1; })) << "on both sides";
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "admin");
  EXPECT_EQ(sluice.admin().del(path + id).status, 404) << "it is gone";
  EXPECT_TRUE(echoes(stays, "lives on"));
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "admin"}}), 1);
  ended.close();
  stays.close();
  invariants.expect_hold();
}

TEST(Connections, OneThatIsNotConnectedYetIsEndedByItsName) {
  const BlackHole hole;
  Sluice sluice({.instances = {hole.address()}, .service = "timeouts: {connect: 1m}"});
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  Json connection;
  ASSERT_TRUE(eventually([&] {
    connection = connection_of(sluice, client);
    return connection.is_object() && connection["state"] == "connecting";
  }));
  EXPECT_EQ(sluice.admin().del("/v1/connections/" + connection["id"].get<std::string>()).status,
            204);
  EXPECT_NE(client.wait_for_end(), End::open);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "admin");
  client.close();
  invariants.expect_hold();
}

// Those that began together do not end together.
TEST(Connections, EndAtTheirAgeEachAtItsOwnTime) {
  constexpr std::size_t kClients = 40;
  Backend server(echo());
  const Sluice sluice({.instances = {server.address()},
                       .service = "timeouts: {max_age: 800ms, max_age_jitter: 0.5}"});
  const std::vector<Peer> clients = crowd(sluice, sluice.front(), kClients);
  std::vector<int> ages;
  for (const Json& line : sluice.sessions(kClients)) {
    EXPECT_EQ(line.at("reason"), "max_age");
    ages.push_back(line.at("duration_ms"));
  }
  const auto [youngest, oldest] = std::ranges::minmax(ages);
  EXPECT_GE(youngest, 400);
  EXPECT_GT(oldest - youngest, 100);
}

// With 600 over two workers one has 300 at least, and ends 64 of them every 5 ms.
TEST(Connections, OfWhatIsTakenOutHaveTheirTimeAndEndOverAWhile) {
  constexpr std::size_t kClients = 600;
  constexpr int kDrainMs = 500;
  Backend old(echo()), fresh(echo());
  const std::string door = loopback(reserve_port());
  struct Case {
    const char* taken_out;
    std::vector<std::string> doors_left;
    std::string address_left;
    const char* reason;
  };
  const std::string second = "{name: second, bind: \"" + door + "\", service: other}";
  const auto scene = [&](const std::vector<std::string>& doors, const std::string& address) {
    return Scene{
        .instances = {fresh.address()},
        .process = "workers: 2, shutdown: {drain: 500ms}",
        .listeners = doors,
        .services = {"{name: other, on_remove: {drain: 500ms}, instances: [\"" + address + "\"]}"}};
  };
  for (const Case& row : {Case{"listener", {}, old.address(), "drain"},
                          Case{"instance", {second}, fresh.address(), "instance_removed"}}) {
    const Sluice sluice(scene({second}, old.address()));
    Peer stays = sluice.connect();
    std::vector<Peer> clients = crowd(sluice, door, kClients);
    const Stopwatch watch;
    ASSERT_EQ(sluice.reload(scene(row.doors_left, row.address_left)).status, 200);
    EXPECT_TRUE(echoes(clients.front(), "has its time")) << row.taken_out;

    std::vector<int> ends;
    for (const Json& line : sluice.sessions(kClients)) {
      EXPECT_EQ(line.at("reason"), row.reason);
      ends.push_back(milliseconds_of(line));
    }
    EXPECT_GE(watch.elapsed(), Milliseconds(kDrainMs * 9 / 10)) << row.taken_out;
    const auto [first, last] = std::ranges::minmax(ends);
    EXPECT_GE(last - first, 15) << row.taken_out;
    for (Peer& client : clients) EXPECT_EQ(client.wait_for_end(), End::fin) << row.taken_out;
    EXPECT_TRUE(echoes(stays, "lives on")) << row.taken_out;
  }
}

}  // namespace
}  // namespace sluice::test
