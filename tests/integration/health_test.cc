// Active checks, seen from outside: scenarios H.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

constexpr Milliseconds kInterval = 200ms;
constexpr Milliseconds kProbeTimeout = 200ms;
const Milliseconds kSlack = kSanitized ? 1500ms : 600ms;  // for a busy machine

// A check every 200 ms, three failures to go down and two successes to come up.
std::string check(const std::string& more) {
  return "check: {" + more +
         ", interval: 200ms, fast_interval: 200ms, timeout: 200ms, rise: 2, fall: 3, jitter: 0}";
}

// H01
TEST(Checks, ProbeOnlyTheServicesThatHaveOne) {
  std::vector<std::unique_ptr<Backend>> checked, others;
  Scene scene;
  std::string other_instances;
  for (int i = 0; i < 20; ++i) {
    checked.push_back(std::make_unique<Backend>(hold()));
    others.push_back(std::make_unique<Backend>(hold()));
    scene.instances.push_back(checked.back()->address());
    other_instances += (i == 0 ? "\"" : ", \"") + others.back()->address() + "\"";
  }
  scene.service = check("type: tcp");
  scene.services = {"{name: unchecked, instances: [" + other_instances + "]}"};
  scene.listeners = {"{bind: \"" + loopback(reserve_port()) + "\", service: unchecked}"};
  Sluice sluice(scene);
  Invariants invariants(sluice);

  EXPECT_TRUE(eventually(
      [&] {
        return std::ranges::all_of(checked, [](const auto& b) { return b->accepted() >= 3; });
      },
      kInterval * 3 + kSlack * 2));
  for (const auto& server : others) EXPECT_EQ(server->accepted(), 0u);
  EXPECT_GE(sluice.metric("sluice_checks_total", {{"service", "s"}}), 60);
  EXPECT_EQ(sluice.metric("sluice_checks_total", {{"service", "unchecked"}}), 0);
  invariants.expect_hold();
}

// H02: a death is found after the third failing probe and not before, a return after the second
// success.
TEST(Checks, FindDeathAndReturnInTime) {
  Backend server(echo());
  Sluice sluice(
      {.instances = {instance(server.address(), "id: a")}, .service = check("type: tcp")});
  Invariants invariants(sluice);
  ASSERT_EQ(sluice.instance_state("a"), "up");

  Stopwatch dying;
  server.stop();
  ASSERT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  EXPECT_GE(dying.elapsed(), 2 * kInterval * 9 / 10);
  EXPECT_LE(dying.elapsed(), 3 * kInterval + kProbeTimeout + kSlack);
  EXPECT_EQ(sluice.metric("sluice_instance_up", {{"instance", "a"}}), 0);

  Stopwatch returning;
  server.start();
  ASSERT_TRUE(eventually([&] { return sluice.instance_state("a") == "up"; }));
  EXPECT_GE(returning.elapsed(), kInterval * 9 / 10);
  EXPECT_LE(returning.elapsed(), 2 * kInterval + kSlack);
  EXPECT_EQ(sluice.metric("sluice_instance_up", {{"instance", "a"}}), 1);
  EXPECT_GE(sluice.metric("sluice_health_check_failures_total", {{"service", "s"}}), 3);
  invariants.expect_hold();
}

// H02: with retries no client notices that an instance has died and come back.
TEST(Checks, ClientsNoticeNothingOfAnOutageWithRetries) {
  Backend first(ident("first")), second(ident("second"));
  Sluice sluice(
      {.instances = {instance(first.address(), "id: a"), instance(second.address(), "id: b")},
       .service = check("type: tcp") + ", retry: {max_retries: 2, budget: {percent: 100}}"});
  Invariants invariants(sluice);
  std::atomic<bool> is_over{false};
  std::atomic<int> asked{0}, refused{0};
  std::mutex between_answers;
  std::thread clients([&] {
    while (!is_over) {
      const std::lock_guard answering(between_answers);
      if (ask(sluice).empty()) ++refused;
      ++asked;
    }
  });

  EXPECT_TRUE(eventually([&] { return asked >= 20; }));
  {
    // What an instance is serving when it dies goes with it, so it dies while it serves nobody.
    const std::lock_guard nobody(between_answers);
    second.stop();
  }
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "down"; }));
  second.start();
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "up"; }));
  const std::uint64_t before = second.accepted();
  EXPECT_TRUE(eventually([&] { return second.accepted() > before + 20; }));
  is_over = true;
  clients.join();
  EXPECT_EQ(refused, 0);
  EXPECT_GT(asked, 100);
  invariants.expect_hold();
}

// H04
TEST(Checks, TellTheRefusedTheHangingAndTheSilent) {
  const DeadEnd dead;
  const BlackHole hole;
  Backend silent(hold());
  Stopwatch watch;
  const std::string web_door = loopback(reserve_port());
  const auto scene = [&](const std::string& tcp, const std::string& http) {
    return Scene{
        .instances = {instance(dead.address(), "id: dead"), instance(hole.address(), "id: hole")},
        .service = tcp + ", timeouts: {connect: 10s}",
        .listeners = {"{bind: \"" + web_door + "\", service: web}"},
        .services = {"{name: web, instances: [\"" + silent.address() + "\"], " + http + "}"}};
  };
  Sluice sluice(scene(check("type: tcp"), check("type: http")));
  Invariants invariants(sluice);
  const auto silent_state = [&] {
    const nlohmann::json web = sluice.admin().get("/v1/services/web").json();
    return web.at("instances").at(0).at("state").get<std::string>();
  };

  EXPECT_TRUE(eventually([&] { return sluice.instance_state("dead") == "down"; }, kSlack));
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("hole") == "down"; },
                         3 * (kInterval + kProbeTimeout) + kSlack));
  EXPECT_TRUE(eventually([&] { return silent_state() == "down"; },
                         3 * (kInterval + kProbeTimeout) + kSlack));
  EXPECT_GE(watch.elapsed(), kProbeTimeout);
  EXPECT_NE(sluice.instance_status("dead").at("reason").get<std::string>().find("refused"),
            std::string::npos);
  EXPECT_NE(sluice.connect().wait_for_end(), End::open);
  EXPECT_GT(silent.received(), 0u);
  // Probes that hang are under way most of the time; without checks nothing is to be left.
  EXPECT_EQ(sluice.reload(scene("check: {type: none}", "check: {type: none}")).status, 200);
  invariants.expect_hold();
}

// H04: the status decides, and a check that goes silent goes down at its timeout.
TEST(Checks, FollowTheHttpStatus) {
  auto status = std::make_shared<std::atomic<int>>(200);
  Backend server(http(status));
  Sluice sluice(
      {.instances = {instance(server.address(), "id: a")}, .service = check("type: http")});
  Invariants invariants(sluice);
  EXPECT_EQ(sluice.instance_state("a"), "up");

  *status = 503;
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  EXPECT_NE(sluice.instance_status("a").at("reason").get<std::string>().find("503"),
            std::string::npos);
  *status = 204;
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "up"; }));
  *status = 302;
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  invariants.expect_hold();
}

// H07
TEST(Checks, LeaveLiveConnectionsOfADownInstanceAlone) {
  auto status = std::make_shared<std::atomic<int>>(200);
  Backend health(http(status)), server(echo());
  const std::string port = health.address().substr(health.address().rfind(':') + 1);
  Sluice sluice({.instances = {instance(server.address(), "id: a")},
                 .service = check("type: http, port: " + port)});
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  EXPECT_TRUE(echoes(client, "before"));

  *status = 500;
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  EXPECT_TRUE(echoes(client, "while it is down"));
  EXPECT_NE(sluice.connect().wait_for_end(), End::open);
  client.close();
  invariants.expect_hold();
}

// H08
TEST(Checks, AllDownRefusesFastAndRecovers) {
  Backend a(ident("a")), b(ident("b"));
  a.stop();
  b.stop();
  Sluice sluice({.instances = {instance(a.address(), "id: a"), instance(b.address(), "id: b")},
                 .service = check("type: tcp")});
  Invariants invariants(sluice);
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("a") == "down"; }));
  EXPECT_TRUE(eventually([&] { return sluice.instance_state("b") == "down"; }));

  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    Stopwatch watch;
    EXPECT_EQ(ask(sluice), "");
    times.push_back(watch.seconds());
  }
  std::ranges::sort(times);
  EXPECT_LT(times[times.size() * 99 / 100], 0.050);
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "no_instance"}}), 200);

  Stopwatch recovering;
  a.start();
  EXPECT_TRUE(eventually([&] { return ask(sluice) == "a"; }));
  EXPECT_LE(recovering.elapsed(), 2 * kInterval + kSlack);
  invariants.expect_hold();
}

// H08, with a panic threshold: what fails is the check, and the instances are there.
TEST(Checks, AllDownAreTakenAllTheSameInAPanic) {
  auto status = std::make_shared<std::atomic<int>>(200);
  Backend health(http(status)), a(ident("a")), b(ident("b"));
  const std::string port = health.address().substr(health.address().rfind(':') + 1);
  Sluice sluice({.instances = {instance(a.address(), "id: a"), instance(b.address(), "id: b")},
                 .service = check("type: http, port: " + port) +
                            ", on_down: close, balance: {panic: {threshold: 0.5}}"});
  Invariants invariants(sluice);
  EXPECT_EQ(sluice.metric("sluice_service_panic"), 0);
  *status = 500;
  EXPECT_TRUE(eventually([&] {
    return sluice.instance_state("a") == "down" && sluice.instance_state("b") == "down";
  }));
  EXPECT_EQ(sluice.metric("sluice_service_panic"), 1);
  EXPECT_EQ(sluice.metric("sluice_instance_up"), 2) << "all are taken";
  for (int i = 0; i < 10; ++i) EXPECT_NE(ask(sluice), "");
  EXPECT_EQ(sluice.log("panic").size(), 1u);

  *status = 200;
  EXPECT_TRUE(eventually([&] { return sluice.metric("sluice_service_panic") == 0; }));
  EXPECT_TRUE(eventually([&] { return sluice.log("panic over").size() == 1; }));
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
