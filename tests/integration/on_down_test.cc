// What becomes of live connections when their instance goes down: scenario H07.
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// Two echo servers, of which the first has a health of its own, to be set by the test.
class OnDown : public testing::Test {
 protected:
  Scene scene(const std::string& on_down) const {
    const std::string port = health_.address().substr(health_.address().rfind(':') + 1);
    return {.instances = {instance(server_.address(), "id: a")},
            .service = "check: {type: http, port: " + port +
                       ", interval: 50ms, fast_interval: 50ms, rise: 1, fall: 1}, " + on_down};
  }
  static bool is_in_state(const Sluice& sluice, const std::string& state) {
    return eventually([&] { return sluice.instance_state("a") == state; });
  }

  std::shared_ptr<std::atomic<int>> status_ = std::make_shared<std::atomic<int>>(200);
  Backend health_{http(status_)};
  Backend server_{echo()};
};

TEST_F(OnDown, ConnectionsAreKept) {
  Sluice sluice(scene("on_down: keep"));
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "before"));
  *status_ = 503;
  ASSERT_TRUE(is_in_state(sluice, "down"));
  EXPECT_EQ(sluice.connect().wait_for_end(), End::fin) << "nobody else is let through";
  EXPECT_TRUE(echoes(client, "after"));
  client.close();
  invariants.expect_hold();
}

TEST_F(OnDown, ConnectionsAreClosedOrReset) {
  for (const bool resets : {false, true}) {
    *status_ = 200;
    Sluice sluice(scene(resets ? "on_down: reset" : "on_down: close"));
    Invariants invariants(sluice);
    std::vector<Peer> clients;
    for (int i = 0; i < 200; ++i) {
      clients.push_back(sluice.connect());
      ASSERT_TRUE(echoes(clients.back(), "before"));
    }
    *status_ = 503;
    for (Peer& client : clients) {
      EXPECT_EQ(client.wait_for_end(), resets ? End::rst : End::fin);
    }
    for (const auto& session : sluice.sessions(clients.size())) {
      EXPECT_EQ(session["reason"], "instance_down");
      EXPECT_EQ(session["instance"], "a");
    }
    *status_ = 200;
    ASSERT_TRUE(is_in_state(sluice, "up"));
    Peer anew = sluice.connect();
    EXPECT_TRUE(echoes(anew, "is back"));
    ASSERT_EQ(sluice.reload(scene("on_down: close, on_remove: {drain: 1s}")).status, 200);
    EXPECT_TRUE(echoes(anew, "and stays"));
    anew.close();
    invariants.expect_hold();
  }
}

TEST_F(OnDown, ConnectionsHaveTheDrainUnlessItComesBack) {
  Sluice sluice(scene("on_down: drain, on_remove: {drain: 700ms}"));
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "before"));
  *status_ = 503;
  ASSERT_TRUE(is_in_state(sluice, "down"));
  *status_ = 200;
  ASSERT_TRUE(is_in_state(sluice, "up"));
  EXPECT_TRUE(client.stays_quiet(1000ms)) << "it was down, and is back";
  EXPECT_TRUE(echoes(client, "lives on"));

  *status_ = 503;
  ASSERT_TRUE(is_in_state(sluice, "down"));
  Stopwatch watch;
  EXPECT_TRUE(echoes(client, "has its time"));
  EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 500ms);
  EXPECT_EQ(sluice.sessions(1).back()["reason"], "instance_down");
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
