// Workers that ask for a while before they sleep.
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/support/servers.h"
#include "tests/support/sluice.h"

namespace sluice::test {
namespace {

double asked_seconds(const Sluice& sluice) {
  return sluice.metric("sluice_worker_busy_poll_seconds_total", {{"worker", "0"}});
}

bool follows(const Sluice& sluice) {
  return eventually([&] {
    const nlohmann::json status = sluice.admin().get("/v1/status").json();
    return status.at("workers").at(0).at("plan_version") == status.at("plan_version");
  });
}

void take_turns(Peer& client, int times) {
  for (int i = 0; i < times; ++i) ASSERT_TRUE(echoes(client, "x")) << i;
}

TEST(BusyPoll, IsForAReloadToAllowAndForbid) {
  const Backend server(echo());
  const Scene off{.instances = {server.address()}, .process = "workers: 1, busy_poll: false"};
  const Scene on{.instances = {server.address()}, .process = "workers: 1"};
  const Sluice sluice(off);
  Peer client = sluice.connect();
  take_turns(client, 2000);
  EXPECT_EQ(asked_seconds(sluice), 0);

  ASSERT_EQ(sluice.reload(on).status, 200);
  // Asking is tried when answers have come quickly for some hundred turns, for which a busy machine
  // may need some time.
  EXPECT_TRUE(eventually(
      [&] {
        take_turns(client, 500);
        return asked_seconds(sluice) > 0;
      },
      6 * kPatience));

  ASSERT_EQ(sluice.reload(off).status, 200);
  ASSERT_TRUE(follows(sluice));
  const double asked = asked_seconds(sluice);
  take_turns(client, 2000);
  EXPECT_EQ(asked_seconds(sluice), asked);
}

}  // namespace
}  // namespace sluice::test
