// Instances that come and go by the commands of the binary itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

TEST(RegisterCommand, PutsAnInstanceIntoRotationAndDeregisterTakesItOut) {
  Backend server(ident("A"));
  Sluice sluice({});
  EXPECT_EQ(ask(sluice), "");

  const Finished registered = command(
      sluice, {"register", "s", "--address", server.address(), "--id", "a", "--label",
               "role=primary", "--meta", "team=x", "--weight", "3", "--zone", "z1", "--wait"});
  EXPECT_TRUE(registered.is_success()) << registered.errors;
  EXPECT_EQ(registered.output, "registered s/a: up, incarnation 1, ttl 30s\n");
  EXPECT_EQ(ask(sluice), "A");
  const nlohmann::json status = sluice.instance_status("a");
  EXPECT_EQ(status.at("source"), "registered");
  EXPECT_EQ(status.at("weight"), 3);
  EXPECT_EQ(status.at("labels").at("role"), "primary");

  const Finished gone = command(sluice, {"deregister", "s", "a", "--drain", "1s", "--wait"});
  EXPECT_TRUE(gone.is_success()) << gone.errors;
  EXPECT_EQ(gone.output, "deregistered s/a: no connections left\n");
  EXPECT_EQ(ask(sluice), "");
}

TEST(RegisterCommand, SaysWhyItWasRefused) {
  Backend server(ident("A"));
  Sluice sluice({});
  const std::vector<std::string> create = {"register", "s", "--address", server.address(),
                                           "--id",     "a", "--create"};
  EXPECT_TRUE(command(sluice, create).is_success());

  const Finished again = command(sluice, create);
  EXPECT_EQ(again.status, (ExitStatus{1, 0}));
  EXPECT_EQ(again.output, "");
  EXPECT_THAT(again.errors, testing::StartsWith("sluice: "));
  EXPECT_THAT(again.errors, HasSubstr("a"));

  const Finished unknown = command(sluice, {"heartbeat", "s", "b"});
  EXPECT_EQ(unknown.status, (ExitStatus{1, 0}));
  EXPECT_THAT(unknown.errors, HasSubstr("no instance b"));
}

TEST(DeregisterCommand, WaitsForTheLastConnection) {
  Backend server(echo());
  Sluice sluice({});
  ASSERT_TRUE(
      command(sluice, {"register", "s", "--address", server.address(), "--id", "a", "--wait"})
          .is_success());
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "x"));

  Process leaving({.arguments = {sluice_binary(), "--admin", sluice.admin().address(), "deregister",
                                 "s", "a", "--drain", "9s", "--wait"}});
  ASSERT_TRUE(eventually([&] { return sluice.instance_state("a").empty(); }));
  EXPECT_TRUE(leaving.is_running());
  EXPECT_TRUE(echoes(client, "still here"));
  client.close();
  EXPECT_EQ(leaving.wait(), ExitStatus{});
}

TEST(StateCommands, TakeAnInstanceOutAndBack) {
  Backend a(ident("A"));
  Sluice sluice({.instances = {instance(a.address(), "id: a")}});
  EXPECT_EQ(command(sluice, {"drain", "s", "a", "--reason", "deploy"}).output,
            "s/a is draining (admin: drain: deploy)\n");
  EXPECT_EQ(ask(sluice), "");
  EXPECT_EQ(command(sluice, {"maint", "s", "a"}).output, "s/a is down (admin: maint)\n");
  EXPECT_EQ(command(sluice, {"ready", "s", "a"}).output, "s/a is up (ok)\n");
  EXPECT_EQ(ask(sluice), "A");
}

TEST(HeartbeatCommand, RenewsTheLeaseAndTellsTheState) {
  Backend server(ident("A"));
  Sluice sluice({});
  ASSERT_TRUE(
      command(sluice, {"register", "s", "--address", server.address(), "--id", "a", "--ttl", "60s"})
          .is_success());
  const Finished beat = command(sluice, {"heartbeat", "s", "a", "--weight", "7"});
  EXPECT_TRUE(beat.is_success()) << beat.errors;
  EXPECT_THAT(beat.output, testing::StartsWith("s/a is up (ok): no connections, weight 7, lease"));
  EXPECT_EQ(sluice.instance_status("a").at("weight"), 7);
}

}  // namespace
}  // namespace sluice::test
