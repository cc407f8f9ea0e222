#include "proxy/health/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/proxy/health/probe_rig.h"
#include "tests/support/servers.h"

namespace sluice::health {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration kNever = 24h;

config::Check tcp_check(config::Duration interval = kNever, config::Duration timeout = 10s) {
  config::Check check;
  check.interval = interval;
  check.fast_interval = 20ms;
  check.timeout = timeout;
  return check;
}

config::OwnCheck own_check(std::string_view said) {
  std::string why;
  const auto own = config::OwnCheck::parse(said, why);
  EXPECT_TRUE(own) << why;
  return own.value_or(config::OwnCheck());
}

// Services and their instances, as a configuration and as a snapshot.
class Fleet {
 public:
  using LivePtr = std::shared_ptr<registry::Live>;

  LivePtr add(const std::string& service, const std::string& address, const config::Check& check,
              std::string_view own = "{}") {
    services_[service].check = check;
    auto instance = std::make_shared<registry::Instance>();
    instance->ttl_ms = 30'000;
    instance->own_check = own_check(own);
    instance->id = "i" + std::to_string(++added_);
    instance->address = endpoint(address);
    instance->live = std::make_shared<registry::Live>(
        registry::Identity{service, instance->id, added_, instance->address});
    services_[service].instances.push_back(instance);
    return instance->live;
  }
  void remove(const LivePtr& live) {
    for (auto& [name, service] : services_) {
      std::erase_if(service.instances, [&](const auto& each) { return each->live == live; });
    }
  }
  void set_check(const std::string& service, const config::Check& check) {
    services_[service].check = check;
  }
  // The instance as it is from now on.
  const registry::Instance& set_own_check(const LivePtr& live, std::string_view own) {
    auto& instances = services_.at(live->identity.service).instances;
    const auto at = std::ranges::find(instances, live, &registry::Instance::live);
    auto changed = std::make_shared<registry::Instance>(**at);
    changed->own_check = own_check(own);
    *at = changed;
    return **at;
  }

  registry::Snapshot snapshot() const {
    registry::Snapshot snapshot;
    for (const auto& [name, each] : services_) {
      auto service = std::make_shared<registry::Service>();
      service->name = name;
      for (const auto& instance : each.instances) service->instances.put(instance);
      snapshot.services.put(service);
    }
    return snapshot;
  }
  std::vector<config::Service> config() const {
    std::vector<config::Service> services;
    for (const auto& [name, each] : services_) {
      services.emplace_back().name = name;
      services.back().check = each.check;
    }
    return services;
  }

 private:
  struct Members {
    config::Check check;
    std::vector<std::shared_ptr<const registry::Instance>> instances;
  };
  std::map<std::string, Members> services_;
  std::uint64_t added_ = 0;
};

// A Checker on a loop, and what it has reported.
class CheckerTest : public ::testing::Test {
 protected:
  using LivePtr = Fleet::LivePtr;

  void sync() { checker.sync(fleet.snapshot(), fleet.config()); }
  bool run_until(const std::function<bool()>& holds) { return test::run_until(loop, holds); }
  bool wait_for_reports(const LivePtr& instance, std::size_t count) {
    return run_until([&] { return reports(instance) >= count; });
  }
  std::size_t reports(const LivePtr& instance) const {
    const auto found = reported.find(instance.get());
    return found == reported.end() ? 0 : found->second.size();
  }
  // Lets time pass in which whatever is at the fast interval is probed several times.
  void let_others_be_probed() {
    Fleet others;
    test::Acceptor busy;
    net::Wheel its_wheel(loop);
    int probes = 0;
    Checker other(loop, poller, its_wheel, [&](const ProbeReport&) { return ++probes < 5; });
    others.add("busy", busy.address(), tcp_check());
    other.sync(others.snapshot(), others.config());
    EXPECT_TRUE(run_until([&] { return probes == 5; }));
  }

  net::Loop loop;
  net::Poller poller{loop};
  net::Wheel wheel{loop};
  Fleet fleet;
  std::map<const registry::Live*, std::vector<registry::Probe>> reported;
  std::function<bool(const ProbeReport&)> is_changing = [](const ProbeReport&) { return false; };
  Checker checker{loop, poller, wheel, [this](const ProbeReport& report) {
                    reported[report.instance.get()].push_back(report.probe);
                    return is_changing(report);
                  }};
};

TEST_F(CheckerTest, ReportsWhatEachProbeFound) {
  const test::Acceptor listening;
  const test::DeadEnd dead_end;
  test::Backend sick(test::http(std::make_shared<std::atomic<int>>(503)));
  config::Check http = tcp_check();
  http.type = config::CheckType::http;
  const LivePtr up = fleet.add("a", listening.address(), tcp_check());
  const LivePtr down = fleet.add("a", dead_end.address(), tcp_check());
  const LivePtr busy = fleet.add("b", sick.address(), http);
  sync();

  for (const LivePtr& each : {up, down, busy}) ASSERT_TRUE(wait_for_reports(each, 1));

  EXPECT_TRUE(reported[up.get()][0].success);
  EXPECT_THAT(reported[up.get()][0].detail, ::testing::StartsWith("connected in "));
  EXPECT_FALSE(reported[down.get()][0].success);
  EXPECT_EQ(reported[down.get()][0].detail, "connection refused");
  EXPECT_FALSE(reported[busy.get()][0].success);
  EXPECT_EQ(reported[busy.get()][0].detail, "status 503, wanted 200-299");
}

TEST_F(CheckerTest, ProbesOnlyInstancesOfServicesWithACheck) {
  test::Backend checked(test::hold());
  test::Backend unchecked(test::hold());
  config::Check none = tcp_check();
  none.type = config::CheckType::none;
  const LivePtr with = fleet.add("with", checked.address(), tcp_check());
  fleet.add("without", unchecked.address(), none);
  is_changing = [](const ProbeReport&) { return true; };
  sync();

  EXPECT_EQ(checker.scheduled(), 1u);
  ASSERT_TRUE(wait_for_reports(with, 3));
  EXPECT_EQ(reported.size(), 1u);
  EXPECT_EQ(unchecked.accepted(), 0u);
}

TEST_F(CheckerTest, ProbesTheChecksOwnPort) {
  const test::DeadEnd service_port;
  const test::Acceptor check_port;
  config::Check check = tcp_check();
  check.port = endpoint(check_port.address()).port;
  const LivePtr instance = fleet.add("a", service_port.address(), check);
  sync();

  ASSERT_TRUE(wait_for_reports(instance, 1));
  EXPECT_TRUE(reported[instance.get()][0].success);
}

TEST_F(CheckerTest, AUnixInstanceHasNoPortToReplace) {
  const SocketPath path;
  const test::Acceptor listening(path.address());
  config::Check check = tcp_check();
  check.port = 80;
  const LivePtr instance = fleet.add("a", path.address(), check);
  sync();

  ASSERT_TRUE(wait_for_reports(instance, 1));
  EXPECT_TRUE(reported[instance.get()][0].success);
}

// --- Checks of their own

TEST_F(CheckerTest, WhoBroughtSettingsIsProbedByThem) {
  const test::Acceptor listening;
  const test::DeadEnd dead_end;
  test::Backend sick(test::http(std::make_shared<std::atomic<int>>(503)));
  const auto with_port_of = [](const std::string& address) {
    return R"({"port": )" + std::to_string(endpoint(address).port) + "}";
  };
  const LivePtr as_all = fleet.add("a", listening.address(), tcp_check());
  const LivePtr other_port =
      fleet.add("a", listening.address(), tcp_check(), with_port_of(dead_end.address()));
  const LivePtr other_type = fleet.add("a", sick.address(), tcp_check(), R"({"type": "http"})");
  fleet.add("a", dead_end.address(), tcp_check(), R"({"type": "none"})");
  sync();

  EXPECT_EQ(checker.scheduled(), 3u);
  for (const LivePtr& each : {as_all, other_port, other_type}) {
    ASSERT_TRUE(wait_for_reports(each, 1));
  }
  EXPECT_TRUE(reported[as_all.get()][0].success);
  EXPECT_EQ(reported[other_port.get()][0].detail, "connection refused");
  EXPECT_EQ(reported[other_type.get()][0].detail, "status 503, wanted 200-299");
}

TEST_F(CheckerTest, WhoBroughtACheckIsProbedWhereTheServiceHasNone) {
  const test::Acceptor listening;
  config::Check none = tcp_check();
  none.type = config::CheckType::none;
  const LivePtr with = fleet.add("a", listening.address(), none, R"({"type": "tcp"})");
  fleet.add("a", listening.address(), none);
  sync();

  EXPECT_EQ(checker.scheduled(), 1u);
  EXPECT_TRUE(wait_for_reports(with, 1));
}

TEST_F(CheckerTest, ChangedSettingsAreGoneByAtOnceAndTheSameKeepTheirRhythm) {
  const test::Acceptor listening;
  const LivePtr changes = fleet.add("a", listening.address(), tcp_check(), R"({"rise": 1})");
  const LivePtr same = fleet.add("a", listening.address(), tcp_check(), R"({"rise": 1})");
  sync();
  ASSERT_TRUE(wait_for_reports(changes, 1) && wait_for_reports(same, 1));

  checker.add(fleet.set_own_check(changes, R"({"timeout": "5s"})"));
  checker.add(fleet.set_own_check(same, R"({"rise": 1})"));
  ASSERT_TRUE(wait_for_reports(changes, 2));
  checker.add(fleet.set_own_check(changes, R"({"type": "none"})"));
  EXPECT_EQ(checker.scheduled(), 1u);
  checker.add(fleet.set_own_check(changes, "{}"));
  ASSERT_TRUE(wait_for_reports(changes, 3));
  sync();
  let_others_be_probed();
  EXPECT_EQ(reports(changes), 3u);
  EXPECT_EQ(reports(same), 1u);
}

TEST_F(CheckerTest, AServicesNewCheckIsGoneByWhereAnInstanceSaysNothingElse) {
  const test::Acceptor listening;
  const LivePtr says_all = fleet.add("a", listening.address(), tcp_check(), R"({"timeout": "5s"})");
  const LivePtr says_other = fleet.add("a", listening.address(), tcp_check(), R"({"rise": 1})");
  sync();
  ASSERT_TRUE(wait_for_reports(says_all, 1) && wait_for_reports(says_other, 1));

  fleet.set_check("a", tcp_check(kNever, 7s));
  sync();
  ASSERT_TRUE(wait_for_reports(says_other, 2));
  let_others_be_probed();
  EXPECT_EQ(reports(says_all), 1u) << "for it, nothing has changed";
}

// --- Rhythm

TEST_F(CheckerTest, ProbesAtTheIntervalForEver) {
  const test::Acceptor listening;
  const LivePtr instance = fleet.add("a", listening.address(), tcp_check(15ms));
  sync();

  EXPECT_TRUE(wait_for_reports(instance, 10));
}

TEST_F(CheckerTest, ProbesFastWhileTheVerdictIsChangingAndNoLonger) {
  const test::Acceptor listening;
  const LivePtr instance = fleet.add("a", listening.address(), tcp_check(kNever));
  is_changing = [&](const ProbeReport&) { return reports(instance) < 6; };
  sync();

  ASSERT_TRUE(wait_for_reports(instance, 6));
  let_others_be_probed();
  EXPECT_EQ(reports(instance), 6u);
}

// A probe lasts as long as the timeout here, and the interval is as long: one follows the other
// with hardly a pause, where adding them up would leave as much time between as the probes
// themselves take.
TEST_F(CheckerTest, TheTimeThatAProbeTakesIsPartOfTheInterval) {
  const test::BlackHole hole;
  config::Check check = tcp_check(100ms, 100ms);
  check.jitter = 0;
  const LivePtr instance = fleet.add("a", hole.address(), check);
  std::size_t looks = 0;
  std::size_t looks_in_flight = 0;
  sync();

  ASSERT_TRUE(run_until([&] {
    ++looks;
    looks_in_flight += checker.in_flight();
    return reports(instance) == 6;
  }));
  EXPECT_GT(looks_in_flight, looks * 2 / 3);
}

TEST_F(CheckerTest, SuspicionBringsTheNextProbeForward) {
  const test::Acceptor listening;
  const LivePtr instance = fleet.add("a", listening.address(), tcp_check(kNever));
  sync();
  for (std::size_t probes = 1; probes <= 3; ++probes) {
    ASSERT_TRUE(wait_for_reports(instance, probes));
    checker.probe_soon(*instance);
    checker.probe_soon(*instance);  // asking again changes nothing
  }
  ASSERT_TRUE(wait_for_reports(instance, 4));
  let_others_be_probed();
  EXPECT_EQ(reports(instance), 4u);
}

TEST_F(CheckerTest, SuspicionOfAStrangerIsIgnored) {
  const registry::Live stranger(registry::Identity{"a", "x", 1, {}});
  checker.probe_soon(stranger);
  EXPECT_EQ(checker.in_flight(), 0u);
}

TEST_F(CheckerTest, AProbeThatOurOwnShortagePreventedIsMadeAgainAndNotReported) {
  const test::Acceptor listening;
  const LivePtr instance = fleet.add("a", listening.address(), tcp_check(kNever));
  {
    const NoMoreDescriptors shortage;
    sync();
    test::run_turns(loop, 50);
    EXPECT_EQ(reports(instance), 0u);
  }
  ASSERT_TRUE(wait_for_reports(instance, 1));
  EXPECT_TRUE(reported[instance.get()][0].success);
}

// --- Changes of the fleet

TEST_F(CheckerTest, WhoStaysKeepsItsRhythmWhateverElseChanges) {
  const test::Acceptor listening;
  const LivePtr stays = fleet.add("a", listening.address(), tcp_check());
  const LivePtr leaves = fleet.add("a", listening.address(), tcp_check());
  sync();
  ASSERT_TRUE(wait_for_reports(stays, 1) && wait_for_reports(leaves, 1));

  fleet.remove(leaves);
  const LivePtr comes = fleet.add("a", listening.address(), tcp_check());
  const LivePtr elsewhere = fleet.add("b", listening.address(), tcp_check());
  sync();
  sync();

  EXPECT_EQ(checker.scheduled(), 3u);
  ASSERT_TRUE(wait_for_reports(comes, 1) && wait_for_reports(elsewhere, 1));
  let_others_be_probed();
  EXPECT_EQ(reports(stays), 1u);
  EXPECT_EQ(reports(leaves), 1u);
}

TEST_F(CheckerTest, AProbeUnderWayGoesOnOverASync) {
  test::Backend silent(test::hold());
  config::Check check = tcp_check(kNever, 200ms);
  check.type = config::CheckType::http;
  const LivePtr instance = fleet.add("a", silent.address(), check);
  sync();
  ASSERT_TRUE(run_until([&] { return silent.received() > 0; }));

  fleet.add("a", silent.address(), check);
  sync();

  ASSERT_TRUE(wait_for_reports(instance, 1));
  EXPECT_EQ(silent.accepted(), 2u);
}

TEST_F(CheckerTest, RemembersTheLastResultsOfEachInstance) {
  const test::Acceptor listening;
  const test::DeadEnd dead_end;
  config::Check none = tcp_check();
  none.type = config::CheckType::none;
  const LivePtr well = fleet.add("a", listening.address(), tcp_check());
  const LivePtr dead = fleet.add("b", dead_end.address(), tcp_check(20ms));
  const LivePtr unchecked = fleet.add("c", dead_end.address(), none);
  is_changing = [&](const ProbeReport& report) { return report.instance == dead; };
  sync();
  ASSERT_TRUE(wait_for_reports(well, 1) && wait_for_reports(dead, History::kKept + 2));

  EXPECT_TRUE(checker.history(*unchecked).empty());
  ASSERT_EQ(checker.history(*well).size(), 1u);
  EXPECT_EQ(checker.history(*well)[0].failure, "");
  EXPECT_GT(checker.history(*well)[0].duration_us, 0u);
  const std::vector<CheckResult> failures = checker.history(*dead);
  ASSERT_EQ(failures.size(), History::kKept);
  for (const CheckResult& each : failures) EXPECT_EQ(each.failure, "connection refused");
  EXPECT_TRUE(std::ranges::is_sorted(failures, {}, &CheckResult::ended_ms));

  // Another check of the same instance goes on with what is known of it.
  fleet.set_check("a", tcp_check(kNever, 5s));
  sync();
  ASSERT_TRUE(wait_for_reports(well, 2));
  EXPECT_EQ(checker.history(*well).size(), 2u);
  fleet.remove(well);
  sync();
  EXPECT_TRUE(checker.history(*well).empty());
}

TEST_F(CheckerTest, AChangedCheckIsMadeAtOnce) {
  const test::Acceptor listening;
  const LivePtr changed = fleet.add("a", listening.address(), tcp_check());
  const LivePtr same = fleet.add("b", listening.address(), tcp_check());
  sync();
  ASSERT_TRUE(wait_for_reports(changed, 1) && wait_for_reports(same, 1));

  config::Check other = tcp_check();
  other.timeout = 5s;
  fleet.set_check("a", other);
  sync();

  ASSERT_TRUE(wait_for_reports(changed, 2));
  EXPECT_EQ(reports(same), 1u);
  EXPECT_EQ(checker.scheduled(), 2u);
}

TEST_F(CheckerTest, ARemovedInstanceIsReportedNoMoreEvenIfItsProbeIsUnderWay) {
  const test::BlackHole hole;
  const LivePtr removed = fleet.add("a", hole.address(), tcp_check(kNever, 50ms));
  sync();
  ASSERT_TRUE(run_until([&] { return checker.in_flight() == 1; }));

  fleet.remove(removed);
  const LivePtr later = fleet.add("a", hole.address(), tcp_check(kNever, 50ms));
  sync();

  EXPECT_EQ(checker.in_flight(), 0u);
  EXPECT_EQ(checker.scheduled(), 1u);
  ASSERT_TRUE(wait_for_reports(later, 1));  // at a deadline behind that of the removed one
  EXPECT_EQ(reports(removed), 0u);
}

TEST_F(CheckerTest, WhoLeavesTheLineIsNeverProbed) {
  test::Backend left(test::hold());
  test::Backend stayed(test::hold());
  std::vector<LivePtr> leaving;
  for (int i = 0; i < 200; ++i) leaving.push_back(fleet.add("a", left.address(), tcp_check()));
  const LivePtr stays = fleet.add("b", stayed.address(), tcp_check());
  sync();
  for (const LivePtr& each : leaving) fleet.remove(each);
  sync();

  ASSERT_TRUE(wait_for_reports(stays, 1));
  EXPECT_EQ(checker.scheduled(), 1u);
  EXPECT_EQ(left.accepted(), 0u);
}

TEST_F(CheckerTest, AReportMaySyncTheReportedOneAway) {
  const test::Acceptor listening;
  const test::DeadEnd dead_end;
  std::vector<LivePtr> instances;
  for (int i = 0; i < 20; ++i) {
    instances.push_back(
        fleet.add("a", i % 2 ? dead_end.address() : listening.address(), tcp_check(kNever)));
  }
  is_changing = [&](const ProbeReport& report) {
    fleet.remove(report.instance);
    sync();
    return true;
  };
  sync();

  ASSERT_TRUE(run_until([&] { return checker.scheduled() == 0; }));
  for (const LivePtr& each : instances) EXPECT_EQ(reports(each), 1u);
}

TEST_F(CheckerTest, AReportMaySyncAllOthersAway) {
  test::Backend healthy(test::http(std::make_shared<std::atomic<int>>(200)));
  config::Check check = tcp_check(kNever);
  check.type = config::CheckType::http;
  std::vector<LivePtr> instances;
  for (int i = 0; i < 20; ++i) instances.push_back(fleet.add("a", healthy.address(), check));
  is_changing = [&](const ProbeReport& report) {
    for (const LivePtr& each : instances) {
      if (each != report.instance) fleet.remove(each);
    }
    sync();
    return reports(report.instance) < 3;
  };
  sync();

  ASSERT_TRUE(run_until([&] {
    return std::any_of(instances.begin(), instances.end(),
                       [&](const LivePtr& each) { return reports(each) == 3; });
  }));
  EXPECT_EQ(reported.size(), 1u);
  EXPECT_EQ(checker.scheduled(), 1u);
}

// A fresh checker each: those of the fixture would be destroyed with nothing under way.
TEST(CheckerLifetime, IsDestroyedWithProbesInEveryStage) {
  const test::BlackHole hole;
  test::Backend silent(test::hold());
  config::Check http = tcp_check();
  http.type = config::CheckType::http;
  config::Check redis = tcp_check();
  redis.type = config::CheckType::redis;
  Fleet fleet;
  for (int i = 0; i < 60; ++i) {
    fleet.add("connecting", hole.address(), tcp_check());
    fleet.add("http connecting", hole.address(), http);
    fleet.add("asking", silent.address(), http);
    fleet.add("redis connecting", hole.address(), redis);
    fleet.add("redis asking", silent.address(), redis);
  }
  for (const std::size_t in_flight : {0u, 1u, 200u, 300u}) {
    net::Loop loop;
    net::Poller poller(loop);
    net::Wheel wheel(loop);
    Checker checker(loop, poller, wheel, [](const ProbeReport&) { return false; });
    checker.sync(fleet.snapshot(), fleet.config());
    EXPECT_TRUE(test::run_until(loop, [&] { return checker.in_flight() >= in_flight; }));
  }
}

// --- Many at once

TEST_F(CheckerTest, ThousandsOfNewcomersStartABoundedNumberATick) {
  constexpr std::size_t kInstances = 2'000;
  const test::Acceptor listening;
  test::Backend redis(test::ident("+PONG\r\n"));
  config::Check ping = tcp_check();
  ping.type = config::CheckType::redis;
  std::vector<LivePtr> instances;
  for (std::size_t i = 0; i < kInstances / 2; ++i) {
    instances.push_back(fleet.add("a", listening.address(), tcp_check()));
    instances.push_back(fleet.add("b", redis.address(), ping));
  }
  const auto tick = [] { return net::monotonic_ms() / net::Wheel::kTickMs; };
  const std::uint64_t first_tick = tick();
  std::size_t total = 0;
  is_changing = [&](const ProbeReport& report) {
    EXPECT_TRUE(report.probe.success) << report.probe.detail;
    ++total;
    // All that have started by now, counted by the clock and not by how fast this machine is.
    const std::size_t allowed = (tick() - first_tick + 1) * Checker::kMaxStartsPerTick;
    EXPECT_LE(total + checker.in_flight(), allowed);
    return false;
  };
  const test::Stopwatch watch;
  sync();

  ASSERT_TRUE(run_until([&] { return total == kInstances; }));

  EXPECT_LT(watch.elapsed(), 5s);  // 250 ms on a machine with nothing else to do
  for (const LivePtr& each : instances) EXPECT_EQ(reports(each), 1u);
}

TEST_F(CheckerTest, AtMostSoManyAreInFlightAndTheRestComeInTurn) {
  constexpr std::size_t kInstances = 1'300;
  const test::BlackHole hole;
  std::vector<LivePtr> instances;
  for (std::size_t i = 0; i < kInstances; ++i) {
    instances.push_back(fleet.add("a", hole.address(), tcp_check(kNever, 200ms)));
  }
  std::size_t most = 0;
  std::size_t total = 0;
  is_changing = [&](const ProbeReport&) { return ++total, false; };
  sync();

  ASSERT_TRUE(run_until([&] {
    most = std::max(most, checker.in_flight());
    return total == kInstances;
  }));

  EXPECT_LE(most, Checker::kMaxInFlight);
  EXPECT_GT(most, Checker::kMaxInFlight / 2);
  for (const LivePtr& each : instances) EXPECT_EQ(reports(each), 1u);
}

}  // namespace
}  // namespace sluice::health
