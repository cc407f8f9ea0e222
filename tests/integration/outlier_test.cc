// What becomes of an instance that fails the connections that it is given.
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// It accepts, so that a connect tells nothing.
TEST(Outlier, EjectsWhoAcceptsAndClosesBeforeAnyByte) {
  for (const Backend::MakeScript& bad : {close_on_accept(), close_on_data()}) {
    Backend closes(bad), good(ident("good"));
    Sluice sluice({.instances = {instance(closes.address(), "id: bad, priority: 0"),
                                 instance(good.address(), "id: good, priority: 1")},
                   .service = "outlier: {consecutive: 3, base: 1m}"});
    Invariants invariants(sluice);

    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(sluice.instance_state("bad"), "up");
      EXPECT_EQ(ask(sluice), "");
    }
    ASSERT_TRUE(eventually([&] { return sluice.instance_state("bad") == "down"; }));
    const auto shown = sluice.instance_status("bad");
    EXPECT_EQ(shown.at("outlier"), "ejected");
    EXPECT_EQ(shown.at("outlier_reason"), "3 early closes in a row; ejection 1, for 60s");
    EXPECT_EQ(ask(sluice), "good");
    EXPECT_EQ(closes.accepted(), 3u);
    invariants.expect_hold();
  }
}

// Clients that come and go without a word are no failures of the instance.
TEST(Outlier, LeavesAnInstanceAloneThatItsClientsLeave) {
  Backend server(hold());
  Sluice sluice({.instances = {instance(server.address(), "id: a")},
                 .service = "outlier: {consecutive: 1, keep_at_least: 0, base: 1m}"});
  Invariants invariants(sluice);

  for (const std::string said : {"", "something"}) {
    Peer client = sluice.connect();
    client.send(said);
    client.finish();
    EXPECT_EQ(client.wait_for_end(), End::fin);
    Peer rude = sluice.connect();
    rude.send(said);
    rude.reset();
  }
  EXPECT_EQ(sluice.sessions(4).size(), 4u);
  EXPECT_EQ(sluice.instance_state("a"), "up");
  EXPECT_TRUE(sluice.log("instance state").empty());
  invariants.expect_hold();
}

// The check's turn would come in a minute.
TEST(Outlier, ProbesAnInstanceAtItsFirstFailure) {
  Backend server(echo());
  Sluice sluice({.instances = {instance(server.address(), "id: a")},
                 .service = "check: {type: tcp, interval: 1m, fast_interval: 1m, fall: 1}"});
  Invariants invariants(sluice);
  ASSERT_TRUE(eventually([&] { return sluice.instance_state("a") == "up"; }));
  server.stop();

  EXPECT_EQ(ask(sluice), "");
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  EXPECT_EQ(sluice.instance_status("a").at("reason"), "check: connection refused");
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
