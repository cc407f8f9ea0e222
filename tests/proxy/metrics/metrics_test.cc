#include "proxy/metrics/metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/proxy/metrics/exposition.h"
#include "tests/support/wait.h"

namespace sluice::metrics {
namespace {

using registry::Instance;
using registry::State;
using test::Exposition;

constexpr std::size_t kWorkers = 2;

// What stands around Metrics in the server: a registry whose snapshot the test sets.
class MetricsTest : public ::testing::Test {
 protected:
  Sources sources() {
    return {[this] { return current(); },
            [] { return std::vector<Sources::Worker>{{7, 0.25, 1.5}, {8, 0, 0}}; },
            [] { return std::uint64_t{3}; }, [] { return Sources::Store{false, 40, 7, 2}; },
            "1.2.3"};
  }

  static Instance instance(std::string id, State state = State::up) {
    Instance instance;
    instance.id = std::move(id);
    instance.effective.state = state;
    instance.effective.verdict =
        state == State::up ? registry::Verdict::eligible : registry::Verdict::never;
    instance.inputs.breaker = registry::BreakerState::closed;
    instance.live = std::make_shared<registry::Live>(registry::Identity{});
    return instance;
  }

  void publish(std::map<std::string, std::vector<Instance>> services) {
    auto snapshot = std::make_shared<registry::Snapshot>();
    snapshot->index = ++index_;
    for (auto& [name, instances] : services) {
      auto service = std::make_shared<registry::Service>();
      service->name = name;
      for (Instance& one : instances) {
        service->instances.put(std::make_shared<const Instance>(std::move(one)));
      }
      snapshot->services.put(std::move(service));
    }
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }

  std::shared_ptr<const registry::Snapshot> current() {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

  Exposition page() const { return Exposition(metrics_.text()); }

  std::mutex mutex_;
  std::shared_ptr<const registry::Snapshot> snapshot_;
  std::uint64_t index_ = 0;
  Metrics metrics_{kWorkers, sources()};
};

TEST_F(MetricsTest, SumsAListenerOverWorkers) {
  const auto cells = metrics_.listener("pg");
  cells->of(0).accepted.add(5);
  cells->of(1).accepted.add(7);
  cells->of(1).closed.add(4);
  cells->of(0).accept_paused.increment();
  const Exposition page = this->page();
  EXPECT_EQ(page.value("sluice_connections_accepted_total", {{"listener", "pg"}}), "12");
  EXPECT_EQ(page.value("sluice_connections_active", {{"listener", "pg"}}), "8");
  EXPECT_EQ(page.value("sluice_accept_paused_total", {{"listener", "pg"}}), "1");
}

TEST_F(MetricsTest, SumsARouteOverWorkersWithEveryReason) {
  const auto cells = metrics_.route("pg", "db");
  cells->of(0).closed[static_cast<std::size_t>(CloseReason::idle_timeout)].add(2);
  cells->of(1).closed[static_cast<std::size_t>(CloseReason::idle_timeout)].add(3);
  cells->of(0).bytes_upstream.add(1'234'567);
  cells->of(1).bytes_downstream.add(89);
  cells->of(1).spliced.add(88);
  const Exposition page = this->page();
  const test::LabelMap route = {{"listener", "pg"}, {"service", "db"}};
  const auto with = [&](const char* name, const char* value) {
    test::LabelMap labels = route;
    labels[name] = value;
    return labels;
  };
  EXPECT_EQ(page.count("sluice_connections_closed_total", route), kCloseReasons);
  EXPECT_EQ(page.value("sluice_connections_closed_total", with("reason", "idle_timeout")), "5");
  EXPECT_EQ(page.value("sluice_connections_closed_total", with("reason", "drain")), "0");
  EXPECT_EQ(page.value("sluice_bytes_total", with("direction", "upstream")), "1234567");
  EXPECT_EQ(page.value("sluice_bytes_total", with("direction", "downstream")), "89");
  EXPECT_EQ(page.value("sluice_spliced_bytes_total", route), "88");
}

TEST_F(MetricsTest, SumsConnectsOfAServiceByResult) {
  const auto cells = metrics_.service("db");
  const auto at = [](ConnectResult result) { return static_cast<std::size_t>(result); };
  cells->of(0).attempts[at(ConnectResult::ok)].add(10);
  cells->of(1).attempts[at(ConnectResult::refused)].add(2);
  cells->of(1).retries[at(ConnectResult::refused)].add(2);
  cells->of(0).retries_no_instance.increment();
  cells->of(0).retries_over_budget.add(4);
  const Exposition page = this->page();
  const auto attempts = [&](const char* result) {
    return page.value("sluice_connect_attempts_total", {{"service", "db"}, {"result", result}});
  };
  const auto retries = [&](const char* reason) {
    return page.value("sluice_retries_total", {{"service", "db"}, {"reason", reason}});
  };
  EXPECT_EQ(page.count("sluice_connect_attempts_total"), kConnectResults);
  EXPECT_EQ(attempts("ok"), "10");
  EXPECT_EQ(attempts("refused"), "2");
  EXPECT_EQ(attempts("timeout"), "0");
  EXPECT_EQ(retries("refused"), "2");
  EXPECT_EQ(retries("no_instance"), "1");
  EXPECT_EQ(retries("over_budget"), "4");
  EXPECT_EQ(retries("ok"), "") << "what went well is not retried";
}

TEST_F(MetricsTest, HistogramsAreCumulativeAndEndWithTheCount) {
  const auto cells = metrics_.service("db");
  cells->of(0).connect.observe(40);         // <= 50 us
  cells->of(1).connect.observe(50);         // <= 50 us
  cells->of(0).connect.observe(300);        // <= 500 us
  cells->of(1).connect.observe(9'000'000);  // above all bounds
  const Exposition page = this->page();
  const std::string name = "sluice_connect_duration_seconds";
  const auto bucket = [&](const char* le) {
    return page.value(name + "_bucket", {{"service", "db"}, {"le", le}});
  };
  EXPECT_EQ(bucket("5e-05"), "2");
  EXPECT_EQ(bucket("0.00025"), "2");
  EXPECT_EQ(bucket("0.0005"), "3");
  EXPECT_EQ(bucket("5"), "3");
  EXPECT_EQ(bucket("+Inf"), "4");
  EXPECT_EQ(page.value(name + "_count", {{"service", "db"}}), "4");
  EXPECT_DOUBLE_EQ(std::stod(page.value(name + "_sum", {{"service", "db"}})), 9.00039);
}

TEST_F(MetricsTest, PrintsCountersExactlyUpToWhatAScraperCanHold) {
  struct Case {
    std::uint64_t count;
    const char* printed;
  };
  for (const Case& c : {Case{0, "0"}, Case{1'234'567, "1234567"}, Case{4'294'967'297, "4294967297"},
                        Case{1'000'000'000'000'001, "1000000000000001"},
                        Case{9'007'199'254'740'991, "9007199254740991"},
                        Case{9'007'199'254'740'992, "9007199254740992"}}) {
    const auto cells = metrics_.listener("pg");
    cells->of(0).accepted.add(c.count);
    EXPECT_EQ(page().value("sluice_connections_accepted_total", {{"listener", "pg"}}), c.printed);
  }
}

TEST_F(MetricsTest, TheSameNameHasTheSameCellsForAsLongAsTheyAreHeld) {
  auto first = metrics_.route("pg", "db");
  first->of(0).bytes_upstream.add(5);
  EXPECT_EQ(metrics_.route("pg", "db"), first);
  EXPECT_NE(metrics_.route("pg", "other"), first);
  EXPECT_EQ(metrics_.listener("pg"), metrics_.listener("pg"));

  first.reset();
  const auto second = metrics_.route("pg", "db");
  EXPECT_EQ(second->of(0).bytes_upstream.read(), 0U) << "a name that comes back starts at 0";
}

TEST_F(MetricsTest, SeriesGoWithTheLastWhoHoldsTheirCells) {
  auto listener = metrics_.listener("pg");
  auto route = metrics_.route("pg", "db");
  auto service = metrics_.service("db");
  const auto session = route;
  listener.reset();
  route.reset();
  service.reset();
  const Exposition held = page();
  EXPECT_EQ(held.count("sluice_connections_accepted_total"), 0U);
  EXPECT_EQ(held.count("sluice_connect_attempts_total"), 0U);
  EXPECT_EQ(held.count("sluice_connections_closed_total"), kCloseReasons);
}

TEST_F(MetricsTest, PruneKeepsWhatIsHeldAndMakesNamesNew) {
  const auto held = metrics_.listener("kept");
  metrics_.listener("gone");
  metrics_.prune();
  EXPECT_EQ(metrics_.listener("kept"), held);
  EXPECT_EQ(page().count("sluice_connections_accepted_total"), 1U);
}

TEST_F(MetricsTest, ShowsEveryInstanceOfTheSnapshot) {
  Instance up = instance("a");
  up.live->active = 3;
  up.live->selected = 17;
  Instance warm = instance("b", State::warming);
  publish({{"db", {up, warm}}, {"empty", {}}});
  const Exposition page = this->page();
  const test::LabelMap a = {{"service", "db"}, {"instance", "a"}};
  const test::LabelMap b = {{"service", "db"}, {"instance", "b"}};
  EXPECT_EQ(page.value("sluice_instance_up", a), "1");
  EXPECT_EQ(page.value("sluice_instance_up", b), "0");
  EXPECT_EQ(page.value("sluice_instance_connections", a), "3");
  EXPECT_EQ(page.value("sluice_instance_selected_total", a), "17");
  EXPECT_EQ(page.value("sluice_registry_index"), "1");
  for (const char* state : {"up", "warming", "draining", "down"}) {
    const auto of = [&](const char* id) {
      return page.value("sluice_instance_state",
                        {{"service", "db"}, {"instance", id}, {"state", state}});
    };
    const std::string word = state;
    EXPECT_EQ(of("a"), word == "up" ? "1" : "0");
    EXPECT_EQ(of("b"), word == "warming" ? "1" : "0");
    const auto count = [&](const char* service) {
      return page.value("sluice_registry_instances", {{"service", service}, {"state", state}});
    };
    EXPECT_EQ(count("db"), word == "up" || word == "warming" ? "1" : "0");
    EXPECT_EQ(count("empty"), "0");
  }
}

TEST_F(MetricsTest, SeriesOfAnInstanceGoWhenItGoes) {
  publish({{"db", {instance("a"), instance("b")}}});
  EXPECT_EQ(page().count("sluice_instance_state", {{"instance", "a"}}), 4U);
  publish({{"db", {instance("b")}}});
  const Exposition page = this->page();
  for (const auto& [name, family] : page.families()) {
    EXPECT_EQ(page.count(name, {{"instance", "a"}}), 0U) << name;
  }
  EXPECT_EQ(page.count("sluice_instance_up"), 1U);
}

TEST_F(MetricsTest, ShowsPartsOfSplitsAndTheFusesOfThoseThatHaveOne) {
  const auto stable = metrics_.part("in", "r", "stable");
  auto canary = metrics_.part("in", "r", "canary");
  EXPECT_EQ(metrics_.part("in", "r", "canary"), canary);
  stable->weight = 95;
  canary->fuse = PartCells::Fuse::blown;
  canary->of(0).given.add(3);
  canary->of(1).given.add(4);
  canary->of(1).failed.add(2);
  stable->of(0).passed_over.add(1);
  const auto of = [this](const std::string& name, const std::string& part) {
    return page().value(name, {{"listener", "in"}, {"route", "r"}, {"part", part}});
  };
  EXPECT_EQ(of("sluice_split_weight", "stable"), "95");
  EXPECT_EQ(of("sluice_split_weight", "canary"), "0");
  EXPECT_EQ(of("sluice_split_fuse_blown", "canary"), "1");
  EXPECT_EQ(of("sluice_split_connections_total", "canary"), "7");
  EXPECT_EQ(of("sluice_split_failures_total", "canary"), "2");
  EXPECT_EQ(of("sluice_split_passed_over_total", "stable"), "1");
  EXPECT_EQ(page().count("sluice_split_fuse_blown"), 1U);
  canary.reset();
  EXPECT_EQ(page().count("sluice_split_weight"), 1U);
}

TEST_F(MetricsTest, CountsChecksOfAServiceUntilItGoes) {
  publish({{"db", {}}});
  metrics_.checked("db", true, 900);
  metrics_.checked("db", true, 1'100);
  metrics_.checked("db", false, 2'000'000);
  const Exposition before = page();
  const auto checks = [&](const Exposition& page, const char* result) {
    return page.value("sluice_checks_total", {{"service", "db"}, {"result", result}});
  };
  EXPECT_EQ(checks(before, "success"), "2");
  EXPECT_EQ(checks(before, "failure"), "1");
  EXPECT_EQ(before.value("sluice_health_check_failures_total", {{"service", "db"}}), "1");
  EXPECT_EQ(before.value("sluice_check_duration_seconds_count", {{"service", "db"}}), "3");
  EXPECT_EQ(
      before.value("sluice_check_duration_seconds_bucket", {{"service", "db"}, {"le", "0.001"}}),
      "1");

  publish({});
  EXPECT_EQ(page().count("sluice_checks_total"), 0U);
  metrics_.prune();
  publish({{"db", {}}});
  EXPECT_EQ(page().count("sluice_checks_total"), 0U) << "what was pruned is forgotten";
}

TEST_F(MetricsTest, RequestsForMadeUpServicesAddNoSeries) {
  publish({{"db", {}}});
  metrics_.discovery_request("db", 200);
  metrics_.discovery_request("db", 200);
  for (int i = 0; i < 1'000; ++i) metrics_.discovery_request("made-up-" + std::to_string(i), 404);
  const Exposition page = this->page();
  const std::string name = "sluice_discovery_requests_total";
  EXPECT_EQ(page.value(name, {{"service", "db"}, {"status", "200"}}), "2");
  EXPECT_EQ(page.value(name, {{"service", ""}, {"status", "404"}}), "1000");
  EXPECT_EQ(page.count(name), 2U);

  publish({});
  metrics_.prune();
  EXPECT_EQ(this->page().count(name), 1U) << "the count of the unknown ones stays";
}

TEST_F(MetricsTest, CountsEventsOfTheControlLoop) {
  metrics_.reloaded(true);
  metrics_.reloaded(false);
  metrics_.reloaded(false);
  for (int i = 0; i < 5; ++i) metrics_.instance_added();
  metrics_.instance_removed();
  const Exposition page = this->page();
  EXPECT_EQ(page.value("sluice_reloads_total", {{"result", "success"}}), "1");
  EXPECT_EQ(page.value("sluice_reloads_total", {{"result", "failure"}}), "2");
  EXPECT_EQ(page.value("sluice_registered_services_total"), "5");
  EXPECT_EQ(page.value("sluice_deregistered_services_total"), "1");
}

TEST_F(MetricsTest, ShowsTheProcess) {
  const Exposition page = this->page();
  EXPECT_EQ(page.value("sluice_plan_version", {{"worker", "0"}}), "7");
  EXPECT_EQ(page.value("sluice_plan_version", {{"worker", "1"}}), "8");
  EXPECT_EQ(page.value("sluice_worker_loop_lag_seconds", {{"worker", "0"}}), "0.25");
  EXPECT_EQ(page.value("sluice_worker_busy_poll_seconds_total", {{"worker", "0"}}), "1.5");
  EXPECT_EQ(page.value("sluice_log_lines_dropped_total"), "3");
  EXPECT_EQ(page.value("sluice_store_up"), "0");
  EXPECT_EQ(page.value("sluice_store_transactions_total"), "40");
  EXPECT_EQ(page.value("sluice_store_commits_total"), "7");
  EXPECT_EQ(page.value("sluice_store_failures_total"), "2");
  EXPECT_EQ(page.value("sluice_build_info", {{"version", "1.2.3"}}), "1");
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_threads", "process_start_time_seconds"}) {
    EXPECT_NE(page.value(name), "") << name;
  }
}

TEST_F(MetricsTest, EscapesNamesOfAnyBytes) {
  struct Case {
    std::string name;
    std::string read_back;
  };
  for (const Case& c : {Case{R"(a"b\c)", R"(a"b\c)"}, Case{"two\nlines", "two\nlines"},
                        Case{"caf\u00e9", "caf\u00e9"}, Case{"bad\xff\xc0", "bad\uFFFD\uFFFD"},
                        Case{R"(",x="y)", R"(",x="y)"}, Case{"", ""}}) {
    const auto cells = metrics_.listener(c.name);
    EXPECT_EQ(page().count("sluice_connections_active", {{"listener", c.read_back}}), 1U) << c.name;
  }
}

// One of everything, for the tests that look at the whole page.
class WholePageTest : public MetricsTest {
 protected:
  WholePageTest() {
    publish({{"db", {instance("a"), instance("b", State::down)}}, {"caf\u00e9 \"x\"\n", {}}});
    route_->of(0).duration.observe(123'456);
    route_->of(1).duration.observe(99'000'000'000);
    service_->of(1).connect.observe(200);
    metrics_.checked("db", false, 1000);
    metrics_.discovery_request("db", 200);
    part_->fuse = PartCells::Fuse::whole;
  }
  std::shared_ptr<ListenerCells> listener_ = metrics_.listener("pg");
  std::shared_ptr<RouteCells> route_ = metrics_.route("pg", "db");
  std::shared_ptr<ServiceCells> service_ = metrics_.service("db");
  std::shared_ptr<PartCells> part_ = metrics_.part("pg", "default", "db");
};

TEST_F(WholePageTest, HoldsEveryMetricWithItsLabelsAndNoOther) {
  using Names = std::set<std::string>;
  const Names route = {"listener", "service"}, part = {"listener", "route", "part"};
  const std::map<std::string, Names> expected = {
      {"sluice_connections_accepted_total", {"listener"}},
      {"sluice_connections_active", {"listener"}},
      {"sluice_connections_closed_total", {"listener", "service", "reason"}},
      {"sluice_accept_paused_total", {"listener"}},
      {"sluice_connections_delayed", {"listener"}},
      {"sluice_connections_held", {"listener"}},
      {"sluice_bytes_total", {"listener", "service", "direction"}},
      {"sluice_spliced_bytes_total", route},
      {"sluice_split_weight", part},
      {"sluice_split_fuse_blown", part},
      {"sluice_split_connections_total", part},
      {"sluice_split_failures_total", part},
      {"sluice_split_passed_over_total", part},
      {"sluice_connect_attempts_total", {"service", "result"}},
      {"sluice_retries_total", {"service", "reason"}},
      {"sluice_queue_clients", {"service"}},
      {"sluice_connect_duration_seconds", {"service"}},
      {"sluice_connection_duration_seconds", route},
      {"sluice_instance_up", {"service", "instance"}},
      {"sluice_instance_state", {"service", "instance", "state"}},
      {"sluice_instance_breaker", {"service", "instance", "state"}},
      {"sluice_instance_connections", {"service", "instance"}},
      {"sluice_instance_selected_total", {"service", "instance"}},
      {"sluice_service_panic", {"service"}},
      {"sluice_checks_total", {"service", "result"}},
      {"sluice_check_duration_seconds", {"service"}},
      {"sluice_registry_instances", {"service", "state"}},
      {"sluice_registry_index", {}},
      {"sluice_registered_services_total", {}},
      {"sluice_deregistered_services_total", {}},
      {"sluice_discovery_requests_total", {"service", "status"}},
      {"sluice_health_check_failures_total", {"service"}},
      {"sluice_registration_duration_seconds", {}},
      {"sluice_discovery_to_dataplane_seconds", {}},
      {"sluice_store_up", {}},
      {"sluice_store_transactions_total", {}},
      {"sluice_store_commits_total", {}},
      {"sluice_store_failures_total", {}},
      {"sluice_reloads_total", {"result"}},
      {"sluice_plan_version", {"worker"}},
      {"sluice_worker_loop_lag_seconds", {"worker"}},
      {"sluice_worker_busy_poll_seconds_total", {"worker"}},
      {"sluice_build_info", {"version"}},
      {"sluice_log_lines_dropped_total", {}},
      {"process_cpu_seconds_total", {}},
      {"process_resident_memory_bytes", {}},
      {"process_virtual_memory_bytes", {}},
      {"process_open_fds", {}},
      {"process_max_fds", {}},
      {"process_start_time_seconds", {}},
      {"process_threads", {}},
  };
  const Exposition page = this->page();
  std::map<std::string, Names> found;
  for (const auto& [name, family] : page.families()) {
    Names& labels = found[name];
    for (const auto& [key, value] : family.samples) {
      for (const auto& label : key.second) labels.insert(label.first);
    }
    labels.erase("le");
  }
  EXPECT_EQ(found, expected);
}

TEST_F(WholePageTest, EveryFamilyHasHelpAndATypeThatFitsItsName) {
  const Exposition page = this->page();
  for (const auto& [name, family] : page.families()) {
    EXPECT_FALSE(family.help.empty()) << name;
    EXPECT_TRUE((std::set<std::string>{"counter", "gauge", "histogram"}.contains(family.type)))
        << name;
    EXPECT_EQ(name.ends_with("_total"), family.type == "counter") << name;
    EXPECT_FALSE(family.samples.empty()) << name;
  }
}

TEST_F(WholePageTest, EveryHistogramGrowsUpToItsCount) {
  std::size_t histograms = 0;
  const Exposition page = this->page();
  for (const auto& [name, family] : page.families()) {
    if (family.type != "histogram") continue;
    ++histograms;
    std::map<test::LabelMap, std::map<double, std::uint64_t>> buckets;  // by series, bound
    for (const auto& [key, value] : family.samples) {
      if (key.first != name + "_bucket") continue;
      test::LabelMap series = key.second;
      const double bound = std::stod(series.at("le"));
      series.erase("le");
      buckets[series][bound] = std::stoull(value);
    }
    ASSERT_FALSE(buckets.empty()) << name;
    for (const auto& [series, counts] : buckets) {
      std::uint64_t before = 0;
      for (const auto& [bound, count] : counts) {
        EXPECT_GE(count, before) << name << " at " << bound;
        before = count;
      }
      EXPECT_EQ(page.value(name + "_count", series), std::to_string(before)) << name;
      EXPECT_NE(page.value(name + "_sum", series), "") << name;
      EXPECT_EQ(counts.size(), 15U) << name;
    }
  }
  EXPECT_EQ(histograms, 5U);
}

TEST_F(WholePageTest, PleasesPromtool) {
  const char* tool = "/usr/bin/promtool";
  ASSERT_EQ(::access(tool, X_OK), 0)
      << "promtool is missing: install Debian's package `prometheus`";
  const std::string path = ::testing::TempDir() + "/sluice-metrics-" + std::to_string(::getpid());
  std::ofstream(path) << metrics_.text();
  FILE* pipe = ::popen((std::string(tool) + " check metrics 2>&1 < " + path).c_str(), "re");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  std::array<char, 1024> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) said += buffer.data();
  EXPECT_EQ(::pclose(pipe), 0) << said;
  EXPECT_EQ(said, "");
  ::unlink(path.c_str());
}

TEST_F(WholePageTest, IsReadWhileEverythingIsCounted) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      while (!done) {
        listener_->of(worker).accepted.increment();
        route_->of(worker).duration.observe(5);
        listener_->of(worker).closed.increment();
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !done; ++i) {
      metrics_.checked("db", i % 2 == 0, 5);
      metrics_.listener("other");
      metrics_.prune();
      publish({{"db", {instance("a")}}});
    }
  });
  threads.emplace_back([&] {
    while (!done) metrics_.discovery_request("db", 200);
  });
  for (int i = 0; i < 30; ++i) {
    const Exposition page = this->page();
    EXPECT_LE(std::stod(page.value("sluice_connections_active", {{"listener", "pg"}})), 1e9)
        << "a difference that wrapped";
    EXPECT_EQ(page.value("sluice_connection_duration_seconds_count",
                         {{"listener", "pg"}, {"service", "db"}}),
              page.value("sluice_connection_duration_seconds_bucket",
                         {{"listener", "pg"}, {"service", "db"}, {"le", "+Inf"}}));
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_F(MetricsTest, ManyInstancesAreToldInReasonableTime) {
  const int kMany = sluice::test::kSanitized ? 1'000 : 10'000;
  std::map<std::string, std::vector<Instance>> services;
  for (int i = 0; i < kMany; ++i) {
    services["service-" + std::to_string(i % 100)].push_back(
        instance("10.0.0.1:" + std::to_string(i)));
  }
  publish(std::move(services));
  const sluice::test::Stopwatch stopwatch;
  const std::string text = metrics_.text();
  RecordProperty("milliseconds", static_cast<int>(stopwatch.elapsed().count()));
  RecordProperty("bytes", static_cast<int>(text.size()));
  EXPECT_LT(stopwatch.elapsed(), sluice::test::kPatience);
  EXPECT_EQ(Exposition(text).count("sluice_instance_state"), 4U * kMany);
}

}  // namespace
}  // namespace sluice::metrics
