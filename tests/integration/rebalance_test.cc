// Long connections that move to instances which have come later.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

class Rebalance : public testing::Test {
 protected:
  static constexpr std::uint32_t kRate = 100;

  Scene scene(std::size_t instances, const std::string& rule) const {
    Scene scene;
    for (std::size_t i = 0; i < instances; ++i) {
      scene.instances.push_back(instance(servers_[i].address(), "id: i" + std::to_string(i)));
    }
    scene.service = "rebalance: {" + rule + ", rate: " + std::to_string(kRate) + "}";
    return scene;
  }
  static std::map<std::string, int> connections(const Sluice& sluice) {
    std::map<std::string, int> counts;
    const auto service = sluice.admin().get("/v1/services/s").json();
    for (const auto& instance : service["instances"]) {
      counts[instance["id"]] = instance["connections"];
    }
    return counts;
  }
  static void talk(std::vector<Peer>& talkers) {
    for (Peer& talker : talkers) ASSERT_TRUE(echoes(talker, "still here"));
  }
  // Those that were closed connect anew, as clients do.
  static void come_back(const Sluice& sluice, std::vector<Peer>& silent) {
    for (Peer& each : silent) {
      if (each.stays_quiet(0ms)) continue;
      ASSERT_EQ(each.wait_for_end(), End::fin);
      each = sluice.connect();
      ASSERT_TRUE(echoes(each, "back"));
    }
  }

  std::deque<Backend> servers_;
};

TEST_F(Rebalance, GivesNewcomersTheirShareAndCutsNobodyWhoTalks) {
  for (int i = 0; i < 4; ++i) servers_.emplace_back(echo());
  const std::string rule = "enabled: true, max_skew: 0.2, quiet_for: 500ms";
  Sluice sluice(scene(1, rule));
  Invariants invariants(sluice);
  std::vector<Peer> silent, talkers;
  for (int i = 0; i < 60; ++i) silent.push_back(sluice.connect());
  for (int i = 0; i < 8; ++i) talkers.push_back(sluice.connect());
  for (Peer& each : silent) ASSERT_TRUE(echoes(each, "for long"));
  talk(talkers);

  const Stopwatch watch;
  ASSERT_EQ(sluice.reload(scene(4, rule)).status, 200);
  constexpr int kAllowed = 21;  // 68 / 4 * 1.2, rounded up
  EXPECT_TRUE(eventually([&] {
    talk(talkers);
    come_back(sluice, silent);
    const auto counts = connections(sluice);
    return !HasFailure() &&
           std::ranges::all_of(counts, [](const auto& each) { return each.second <= kAllowed; });
  })) << testing::PrintToString(connections(sluice));
  const double seconds = watch.seconds();
  ASSERT_TRUE(eventually([&] { return sluice.log("rebalanced").size() == 1; }));
  EXPECT_EQ(sluice.log("rebalancing").size(), 1u);

  const auto closed =
      static_cast<int>(sluice.metric("sluice_connections_closed_total", {{"reason", "rebalance"}}));
  // While clients are on their way back there are fewer to share: more may be closed than would be.
  EXPECT_GE(closed, 68 - kAllowed);
  EXPECT_LE(closed, 60) << "none of those who talk, and nobody twice";
  EXPECT_LE(closed, kRate * seconds + 1);
  for (const auto& session : sluice.sessions(static_cast<std::size_t>(closed))) {
    EXPECT_EQ(session["reason"], "rebalance");
    EXPECT_EQ(session["instance"], "i0");
  }
  talk(talkers);
  silent.clear();
  talkers.clear();
  invariants.expect_hold();
}

TEST_F(Rebalance, ClosesTheQuietestFirst) {
  for (int i = 0; i < 2; ++i) servers_.emplace_back(echo());
  Sluice sluice(scene(1, "enabled: false"));
  std::vector<Peer> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(sluice.connect());
  for (Peer& each : clients) {
    ASSERT_TRUE(echoes(each, "one after the other"));
    ASSERT_TRUE(each.stays_quiet(10ms)) << "so that one is quieter than the next";
  }
  std::set<std::string> quietest;
  for (std::size_t n = 0; n < 5; ++n) quietest.insert(loopback(clients[n].port()));
  ASSERT_EQ(sluice.reload(scene(2, "enabled: true, max_skew: 0, quiet_for: 0s")).status, 200);
  EXPECT_TRUE(eventually([&] {
    come_back(sluice, clients);
    return HasFailure() || !sluice.log("rebalanced").empty();
  }));
  std::set<std::string> closed;
  for (const auto& session : sluice.sessions(5)) {
    if (closed.size() < 5) closed.insert(session["client"].get<std::string>());
  }
  EXPECT_EQ(closed, quietest);
}

}  // namespace
}  // namespace sluice::test
