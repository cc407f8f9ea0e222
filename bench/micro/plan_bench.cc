// From a change in the registry to the workers that run by it: snapshot, plan, hand-over, and the
// end of the plan before.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "bench/micro/sample.h"
#include "proxy/metrics/metrics.h"
#include "proxy/planner.h"
#include "proxy/worker.h"
#include "registry/registry.h"

namespace sluice::bench {
namespace {

using config::Policy;

// One listener on loopback and one service.
config::Config config_of(config::Service service) {
  config::Config config;
  config::Listener& listener = config.listeners.emplace_back();
  listener.name = "front";
  listener.bind = {"127.0.0.1:0"};
  listener.service = service.name;
  config.services.push_back(std::move(service));
  return config;
}

metrics::Sources no_sources() {
  return {[] { return nullptr; }, [] { return std::vector<metrics::Sources::Worker>{}; },
          [] { return std::uint64_t{0}; }, [] { return metrics::Sources::Store{}; }, ""};
}

// What the control loop has: the configuration, the registry, and the plans made of them.
class Desk {
 public:
  Desk(std::size_t workers, std::size_t instances, Policy policy)
      : config_(config_of(service(instances, policy))),
        metrics_(workers, no_sources()),
        planner_(workers, metrics_) {
    registry_.reconcile(config_.services, true, {});
    SocketSet sockets = planner_.bind(config_);
    Planner::listen(sockets, config_);
    planner_.adopt(std::move(sockets));
  }

  // The weight of one instance is another than before: a change that balancers are rebuilt for.
  void change_topology() {
    std::uint32_t& weight = config_.services.front().instances.front().weight;
    weight = 3 - weight;
    registry_.reconcile(config_.services, false, {});
  }
  // One instance goes or comes back, by the operator's word.
  void change_health() {
    up_ = !up_;
    registry_.set_admin("service", address(0),
                        up_ ? registry::Admin::ready : registry::Admin::maint, "", {});
  }
  std::shared_ptr<const registry::Snapshot> snapshot() {
    registry_.take_changes();
    return registry_.snapshot();
  }
  std::shared_ptr<const Plan> plan(const registry::Snapshot& snapshot) {
    return planner_.plan(config_, snapshot);
  }

 private:
  config::Config config_;
  metrics::Metrics metrics_;
  Planner planner_;
  registry::Registry registry_{"bench"};
  bool up_ = true;
};

// As many workers as there are processors, and the wait until all of them run by a plan.
class Crew final : public WorkerEvents {
 public:
  explicit Crew(std::size_t count) : berths_(count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      workers_.push_back(std::make_unique<Worker>(i, log_.open_channel(), limit_, berths_, *this));
      workers_.back()->start();
    }
  }

  void run_by(const std::shared_ptr<const Plan>& plan) {
    const std::uint64_t before = progress_.load();
    for (const auto& worker : workers_) worker->publish(plan);
    for (std::uint64_t now = before; now < before + workers_.size(); now = progress_.load()) {
      progress_.wait(now);
    }
  }

 private:
  void on_suspect(std::shared_ptr<registry::Live>, registry::FailureRow) override {}
  void on_trial(registry::Trial, bool) override {}
  void on_progress() override {
    ++progress_;
    progress_.notify_all();
  }

  log::Log log_{config::Log{}};
  session::ProcessLimit limit_;
  session::Crew berths_;
  std::atomic<std::uint64_t> progress_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

std::size_t processors() {
  return std::max(1u, std::thread::hardware_concurrency());
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("instances")->Unit(benchmark::kMicrosecond);
  for (const int instances : {kFew, 100, kMany}) bench->Arg(instances);
}

// A snapshot after the health of one instance changed.
void snapshot(benchmark::State& state) {
  Desk desk(1, static_cast<std::size_t>(state.range(0)), Policy::least_connections);
  for (auto _ : state) {
    desk.change_health();
    benchmark::DoNotOptimize(desk.snapshot());
  }
}
BENCHMARK(snapshot)->Apply(sizes);

// A plan when members changed, with the end of the plan before, which nobody else holds.
void plan(benchmark::State& state, Policy policy) {
  Desk desk(1, static_cast<std::size_t>(state.range(0)), policy);
  for (auto _ : state) {
    state.PauseTiming();
    desk.change_topology();
    const auto snapshot = desk.snapshot();
    state.ResumeTiming();
    benchmark::DoNotOptimize(desk.plan(*snapshot));
  }
}
BENCHMARK_CAPTURE(plan, least_connections, Policy::least_connections)->Apply(sizes);
BENCHMARK_CAPTURE(plan, hash, Policy::hash)->Apply(sizes);
BENCHMARK_CAPTURE(plan, maglev, Policy::maglev)->Apply(sizes);

// A plan when only health changed: no balancer is built.
void plan_after_health(benchmark::State& state) {
  Desk desk(1, static_cast<std::size_t>(state.range(0)), Policy::least_connections);
  for (auto _ : state) {
    state.PauseTiming();
    desk.change_health();
    const auto snapshot = desk.snapshot();
    state.ResumeTiming();
    benchmark::DoNotOptimize(desk.plan(*snapshot));
  }
}
BENCHMARK(plan_after_health)->Apply(sizes);

// From publish() until every worker runs by the plan.
void hand_over(benchmark::State& state) {
  Desk desk(processors(), static_cast<std::size_t>(state.range(0)), Policy::least_connections);
  std::array<std::shared_ptr<const Plan>, 2> plans;
  for (auto& plan : plans) {
    desk.change_topology();
    plan = desk.plan(*desk.snapshot());
  }
  Crew crew(processors());
  std::size_t i = 0;
  for (auto _ : state) crew.run_by(plans[++i % plans.size()]);
}
BENCHMARK(hand_over)->Apply(sizes)->UseRealTime();

// The end of a version of a service, on whichever thread held it last.
void let_go(benchmark::State& state) {
  const auto members = bench::members(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    auto balancer = balance::make_balancer({}, balance::by_id(members));
    state.ResumeTiming();
    balancer.reset();
  }
}
BENCHMARK(let_go)->Apply(sizes);

}  // namespace
}  // namespace sluice::bench
