// Circuit breakers on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using testing::ElementsAre;

std::vector<std::string> breaker_lines(const Sluice& sluice) {
  std::vector<std::string> reasons;
  for (const auto& line : sluice.log("instance state")) {
    const auto reason = line.at("reason").get<std::string>();
    if (reason.starts_with("breaker: ")) reasons.push_back(reason);
  }
  return reasons;
}

TEST(Breaker, OpensTriesAndCloses) {
  const auto mood = std::make_shared<std::atomic<Mood>>(Mood::closes_on_data);
  Backend server(moody(mood));
  Sluice sluice({.instances = {instance(server.address(), "id: a")},
                 .service = "breaker: {failures: 3, open_for: 2s, half_open: 1}"});
  Invariants invariants(sluice);
  const auto breaker = [&] { return sluice.instance_status("a").at("breaker"); };
  const auto in_state = [&](const char* state) {
    return sluice.metric("sluice_instance_breaker", {{"instance", "a"}, {"state", state}});
  };
  EXPECT_EQ(breaker(), "closed");
  EXPECT_EQ(in_state("closed"), 1);

  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(sluice), "");
  ASSERT_TRUE(eventually([&] { return breaker() == "open"; }));
  const auto shown = sluice.instance_status("a");
  EXPECT_EQ(shown.at("state"), "down");
  EXPECT_EQ(shown.at("verdict"), "never");
  EXPECT_EQ(shown.at("breaker_reason"), "open for 2s: 3 early closes in a row");
  EXPECT_EQ(in_state("open"), 1);
  EXPECT_EQ(in_state("closed"), 0);
  const auto told = sluice.admin().get("/v1/explain?listener=front").json();
  EXPECT_EQ(told.at("candidates").at(0).at("out"), "breaker: open for 2s: 3 early closes in a row");
  EXPECT_EQ(ask(sluice), "");
  EXPECT_EQ(server.accepted(), 3u) << "it is left alone, though there is nobody else";
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "no_instance"}}), 1);

  ASSERT_TRUE(eventually([&] { return breaker() == "half_open"; }));
  EXPECT_EQ(sluice.instance_status("a").at("state"), "warming");
  EXPECT_EQ(ask(sluice), "");
  EXPECT_EQ(server.accepted(), 4u);
  ASSERT_TRUE(eventually([&] { return breaker() == "open"; }));

  mood->store(Mood::well);
  ASSERT_TRUE(eventually([&] { return breaker() == "half_open"; }));
  {
    Peer client = sluice.connect();
    EXPECT_TRUE(echoes(client, "are you well?"));
    EXPECT_TRUE(eventually([&] { return breaker() == "closed"; })) << "while it lives";
  }
  EXPECT_TRUE(eventually([&] { return breaker_lines(sluice).size() >= 5; }));
  EXPECT_THAT(breaker_lines(sluice), ElementsAre("breaker: open for 2s: 3 early closes in a row",
                                                 "breaker: half open, for 1 trial at a time",
                                                 "breaker: open for 2s: a trial failed",
                                                 "breaker: half open, for 1 trial at a time",
                                                 "breaker: closed: a trial went well"));
  invariants.expect_hold();
}

// Whoever comes while the trials are under way finds nobody.
TEST(Breaker, LetsNoMoreThanItsTrialsThroughOverAllWorkers) {
  const auto mood = std::make_shared<std::atomic<Mood>>(Mood::resets_on_data);
  Backend server(moody(mood));
  Sluice sluice({.instances = {instance(server.address(), "id: a")},
                 .service = "breaker: {failures: 1, open_for: 100ms, half_open: 2}",
                 .process = "workers: 4"});
  Invariants invariants(sluice);
  EXPECT_EQ(ask(sluice), "");
  mood->store(Mood::silent);
  ASSERT_TRUE(eventually([&] { return sluice.instance_status("a").at("breaker") == "half_open"; }));

  std::vector<Peer> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(sluice.connect());
  EXPECT_EQ(sluice.sessions(15).size(), 15u) << "the first one, and all but two of these";
  EXPECT_EQ(server.accepted(), 3u);
  clients.clear();
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
