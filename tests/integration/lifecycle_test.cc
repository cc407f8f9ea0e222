// Signals, descriptors, restarts: scenarios G07 and G09.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <random>

#include "tests/integration/load.h"
#include "tests/support/invariants.h"
#include "tests/support/payload.h"
#include "tests/support/procfs.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// G07
TEST(Signals, InAStormHarmNothing) {
  const int signals = size_of_run(100, 300);
  Backend a(echo()), b(echo());
  const std::vector<Scene> scenes = {{.instances = {a.address()}}, {.instances = {b.address()}}};
  Sluice sluice(scenes[0]);
  Invariants invariants(sluice);
  ShortConnections load(sluice, 2);

  std::mt19937 random(7);
  const std::vector<int> kinds = {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD, SIGWINCH, SIGALRM};
  std::size_t last = 0;
  for (int i = 0; i < signals; ++i) {
    const int kind = kinds[random() % kinds.size()];
    if (kind == SIGHUP) {
      last = 1 - last;
      write_file(sluice.path("next.yaml"), sluice.configuration(scenes[last]));
      std::filesystem::rename(sluice.path("next.yaml"), sluice.config_path());
    }
    sluice.signal(kind);
    const int made = load.made();
    EXPECT_TRUE(eventually([&] { return load.made() > made + 5; }));
    ASSERT_TRUE(sluice.is_running()) << "after signal " << kind;
  }
  const Backend& expected = last == 0 ? a : b;
  EXPECT_TRUE(eventually([&] { return sluice.instance_state(expected.address()) == "up"; }));
  load.stop();
  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
  invariants.expect_hold(16 << 20);

  Stopwatch watch;
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait_for_exit(), ExitStatus{});
  EXPECT_LT(watch.elapsed(), 5s);
}

// For who looks at 'top -H' or a trace of the scheduler.
TEST(Threads, AreCalledByWhatTheyDo) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .process = "workers: 2"});
  EXPECT_THAT(thread_names(sluice.pid()),
              testing::IsSupersetOf({"worker-0", "worker-1", "sluice-log", "sluice-api",
                                     "sluice-hub", "sluice-pages", "sluice-store"}));
}

// G09
TEST(Descriptors, StayAsManyAndAreNeverInherited) {
  const int reloads = size_of_run(30, 100);
  Backend server(echo());
  const DeadEnd dead;
  const std::string door = loopback(reserve_port());
  Scene plain{.instances = {server.address()}};
  Scene more = plain;
  more.instances.push_back(dead.address());
  more.listeners = {"{bind: \"" + door + "\", service: s}"};
  Sluice sluice(plain);
  Invariants invariants(sluice);
  for (int i = 0; i < reloads; ++i) ASSERT_EQ(sluice.reload(i % 2 == 0 ? more : plain).status, 200);
  ASSERT_EQ(sluice.reload(plain).status, 200);

  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, stream_bytes(1, 1 << 20)));
  EXPECT_EQ(fds_without_cloexec(sluice.pid()), std::vector<std::string>{});
  client.close();
  invariants.expect_hold(16 << 20);
}

// Linux makes a table larger only when nobody reads it, and whoever opens a file waits for that.
TEST(Descriptors, HaveRoomBeforeTheFirstClient) {
  Backend server(echo());
  EXPECT_GE(fd_table_size(Sluice({.instances = {server.address()}, .fd_limit = 2'000}).pid()),
            2'000u);
  EXPECT_GE(fd_table_size(Sluice({.instances = {server.address()}, .fd_limit = 20'000}).pid()),
            20'000u);
}

// G09
TEST(Restart, AfterSigkillServesAtOnce) {
  const std::size_t remnants = size_of_run<std::size_t>(200, 500);
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}});
  for (std::size_t i = 0; i < remnants; ++i) sluice.connect().close();
  std::vector<Peer> live;
  for (std::size_t i = 0; i < remnants; ++i) {
    live.push_back(sluice.connect());
    ASSERT_TRUE(echoes(live.back(), "x"));
  }
  sluice.kill();
  for (Peer& client : live) EXPECT_NE(client.wait_for_end(), End::open);

  Stopwatch watch;
  sluice.start();
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "x"));
  EXPECT_LT(watch.elapsed(), kSanitized ? 5s : 1s);
  client.close();
  live.clear();
  Invariants(sluice).expect_hold();
}

// G09: a port that somebody else has ends the start with a message and nothing half open.
TEST(Start, OnAPortInUseFailsWithAMessage) {
  Backend server(echo());
  Acceptor taken;
  const std::string free_door = loopback(reserve_port());
  const Scene scene{.instances = {server.address()}};
  Sluice sluice(scene);
  const std::string yaml = "admin: {bind: \"" + loopback(reserve_port()) + "\"}\n" +
                           "listeners:\n  - {bind: [\"" + free_door + "\", \"" + taken.address() +
                           "\"], service: s}\n" + "services:\n  - {name: s, instances: [\"" +
                           server.address() + "\"]}\n";
  write_file(sluice.path("other.yaml"), yaml);

  Stopwatch watch;
  const auto process = sluice.launch(sluice.path("other.yaml"), sluice.path("other.err"));
  const auto status = process->wait();
  EXPECT_LT(watch.elapsed(), kSanitized ? 10s : 2s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, 0);
  EXPECT_NE(status->code, 0);
  const std::string message = read_file(sluice.path("other.err"));
  EXPECT_NE(message.find(taken.address()), std::string::npos) << message;
  EXPECT_NE(message.find("in use"), std::string::npos) << message;
  EXPECT_EQ(connect_error(free_door), ECONNREFUSED);
}

// G09: the socket file of a dead process is replaced, that of a live one is not.
TEST(Start, ReplacesAStaleUnixSocketOnly) {
  Backend server(echo());
  const TempDir files;
  const std::string door = "unix:" + files.path("door");
  Sluice sluice(
      {.instances = {server.address()}, .listeners = {"{bind: \"" + door + "\", service: s}"}});
  const auto is_served = [&] {
    Peer client = Peer::connect(door);
    return echoes(client, "x");
  };
  EXPECT_TRUE(is_served());
  sluice.kill();
  EXPECT_TRUE(std::filesystem::exists(files.path("door")));
  sluice.start();
  EXPECT_TRUE(is_served());

  write_file(sluice.path("other.yaml"),
             "admin: {bind: \"" + loopback(reserve_port()) + "\"}\n" + "listeners:\n  - {bind: \"" +
                 door + "\", service: s}\n" + "services:\n  - {name: s, instances: [\"" +
                 server.address() + "\"]}\n");
  const auto second = sluice.launch(sluice.path("other.yaml"), sluice.path("other.err"));
  const auto status = second->wait();
  ASSERT_TRUE(status) << "a second process took the socket over";
  EXPECT_NE(status->code, 0);
  EXPECT_TRUE(is_served());
}

}  // namespace
}  // namespace sluice::test
