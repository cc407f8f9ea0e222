// A reload is felt by nobody whom it does not concern: scenarios G01 to G03.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "tests/integration/load.h"
#include "tests/support/invariants.h"
#include "tests/support/payload.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

double plan_version(const Sluice& sluice) {
  return sluice.admin().get("/v1/status").json().at("plan_version").get<double>();
}

// G01: a reload every 250 ms beside 2 000 new connections a second and long streams.
TEST(Reload, UnderLoadFailsNoConnection) {
  constexpr Milliseconds kPace = 250ms;
  constexpr double kRate = 2'000;
  const int reloads = size_of_run(20, 240);
  const std::size_t streams = size_of_run<std::size_t>(20, 100);
  Backend a(echo()), b(echo()), c(echo());
  const auto scene = [&](const Backend& second) {
    return Scene{.instances = {a.address(), second.address()},
                 .service = "on_remove: {drain: 10m}"};
  };
  Sluice sluice(scene(b));
  Invariants invariants(sluice);
  std::vector<Peer> long_ones;
  for (std::size_t i = 0; i < streams; ++i) long_ones.push_back(sluice.connect());
  for (Peer& stream : long_ones) ASSERT_TRUE(echoes(stream, "begin"));

  ShortConnections load(sluice, 4, kRate);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < reloads; ++i) {
    // A reload that changes nothing, then one that changes the second instance, and so on.
    const Backend& second = i % 4 < 2 ? b : c;
    EXPECT_EQ(sluice.reload(scene(second)).status, 200);
    for (Peer& stream : long_ones)
      EXPECT_TRUE(echoes(stream, stream_bytes(std::uint64_t(i), 1000)));
    std::this_thread::sleep_until(start + (i + 1) * kPace);
  }
  load.stop();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%d reloads in %.1f s beside %.0f connections a second\n", reloads, seconds,
              load.made() / seconds);
  if (is_long_run() && !kSanitized) {
    EXPECT_LT(seconds, 1.05 * reloads * kPace / 1s);
    EXPECT_GT(load.made() / seconds, 0.95 * kRate);
  }

  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
  EXPECT_GT(c.accepted(), 0u);
  EXPECT_EQ(sluice.metric("sluice_reloads_total", {{"result", "success"}}), reloads);
  long_ones.clear();
  invariants.expect_hold(16 << 20);
}

// G02
TEST(Reload, AddsAndRemovesListeners) {
  Backend server(echo());
  const std::string door = loopback(reserve_port());
  const Scene without{.instances = {server.address()}};
  Scene with = without;
  with.listeners = {"{name: second, bind: \"" + door + "\", service: s}"};
  Sluice sluice(without);
  Invariants invariants(sluice);
  const auto is_served = [&] {
    if (connect_error(door) != 0) return false;
    Peer client = Peer::connect(door);
    return echoes(client, "x");
  };
  ASSERT_EQ(connect_error(door), ECONNREFUSED);

  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(sluice.reload(with).status, 200);
    EXPECT_TRUE(eventually(is_served, 1s));
    Peer stays = Peer::connect(door);
    EXPECT_TRUE(echoes(stays, "before"));

    ASSERT_EQ(sluice.reload(without).status, 200);
    EXPECT_TRUE(eventually([&] { return connect_error(door) == ECONNREFUSED; }, 1s));
    EXPECT_TRUE(echoes(stays, "after"));
  }
  invariants.expect_hold();
}

// The socket stays, so nobody is refused meanwhile; new connections are counted under the new name.
TEST(Reload, RenamesAListener) {
  Backend server(echo());
  const std::string door = loopback(reserve_port());
  const auto named = [&](const std::string& name) {
    Scene scene{.instances = {server.address()}};
    scene.listeners = {"{name: " + name + ", bind: \"" + door + "\", service: s}"};
    return scene;
  };
  Sluice sluice(named("before"));
  Invariants invariants(sluice);
  Peer stays = Peer::connect(door);
  EXPECT_TRUE(echoes(stays, "came by the old name"));

  ASSERT_EQ(sluice.reload(named("after")).status, 200);
  Peer client = Peer::connect(door);
  EXPECT_TRUE(echoes(client, "comes by the new one"));
  EXPECT_TRUE(echoes(stays, "and stays"));
  EXPECT_EQ(sluice.metric("sluice_connections_active", {{"listener", "after"}}), 1);
  EXPECT_EQ(sluice.metric("sluice_connections_active", {{"listener", "before"}}), 1);
  client.close();
  stays.close();
  invariants.expect_hold();
}

// G03
TEST(Reload, OfABadFileChangesNothing) {
  Backend server(echo());
  const Scene scene{.instances = {server.address()}};
  Sluice sluice(scene);
  const std::string good = sluice.configuration(scene);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string port = sluice.front().substr(sluice.front().rfind(':') + 1);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"syntax", replaced("listeners:", "listeners: [")},
      {"unknown key", replaced("service: s", "service: s, servise: s")},
      {"duplicate names", good + "  - {name: s, instances: [\"127.0.0.1:1\"]}\n"},
      {"port above 65535", replaced(":" + port, ":70000")},
      {"negative weight", replaced("instances: [\"" + server.address() + "\"]",
                                   "instances: [{address: \"127.0.0.1:1\", weight: -1}]")},
      {"wrong type", replaced("workers: 2", "workers: [2]")},
      {"missing service", replaced("service: s", "service: nobody")},
      {"empty file", ""},
      {"binary", std::string("\x7f"
                             "ELF\0\x01\x02\xff\xfe",
                             9)},
      {"too large", "# " + std::string(10 << 20, 'x') + "\n" + good},
      {"duplicate key", replaced("version: 1", "version: 1\nversion: 1")},
      {"a number without a unit", replaced("connect: 300ms", "connect: 300")},
  };
  Invariants invariants(sluice);
  const double version = plan_version(sluice);
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "before"));

  int failed = 0;
  for (const auto& [what, text] : bad) {
    const Response response = sluice.reload_text(text);
    EXPECT_EQ(response.status, 400) << what;
    const auto report = response.json();
    EXPECT_EQ(report.at("ok"), false) << what;
    ASSERT_FALSE(report.at("problems").empty()) << what;
    const bool has_no_place = what == "too large" || what == "empty file";
    EXPECT_TRUE(has_no_place || report.at("problems").at(0).at("line") > 0) << what;
    EXPECT_EQ(plan_version(sluice), version) << what;
    EXPECT_TRUE(echoes(client, "still")) << what;
    EXPECT_EQ(sluice.metric("sluice_reloads_total", {{"result", "failure"}}), ++failed) << what;
  }

  // The next good one goes through, by request and by signal.
  EXPECT_EQ(sluice.reload(scene).status, 200);
  Backend other(echo());
  sluice.write_config(sluice.configuration({.instances = {other.address()}}));
  sluice.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return sluice.instance_state(other.address()) == "up"; }));
  EXPECT_TRUE(echoes(client, "after"));
  client.close();
  invariants.expect_hold(32 << 20);
}

TEST(Reload, OnTrialChangesNothingAndTellsWhatItWould) {
  Backend a(echo()), b(echo());
  Sluice sluice({.instances = {a.address()}});
  Invariants invariants(sluice);
  const double version = plan_version(sluice);

  sluice.write_config(sluice.configuration({.instances = {b.address()}}));
  const Response response = sluice.admin().post("/v1/reload?dry_run=true");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json().at("changes").size(), 2u);
  EXPECT_EQ(plan_version(sluice), version);
  EXPECT_EQ(sluice.instance_state(a.address()), "up");
  EXPECT_EQ(sluice.instance_state(b.address()), "");
  invariants.expect_hold();
}

// The connections of an instance that was taken out go on, and end when its time to drain is over.
TEST(Reload, DrainsTheConnectionsOfARemovedInstance) {
  Backend old(echo()), fresh(echo());
  const std::string drain = "on_remove: {drain: 1s}";
  Sluice sluice({.instances = {old.address()}, .service = drain});
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "before"));

  Stopwatch watch;
  ASSERT_EQ(sluice.reload({.instances = {fresh.address()}, .service = drain}).status, 200);
  EXPECT_TRUE(echoes(client, "draining"));
  EXPECT_EQ(old.live(), 1u);
  EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_GE(watch.elapsed(), 900ms);
  EXPECT_LE(watch.elapsed(), 3s);
  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "instance_removed");
  client.close();
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
