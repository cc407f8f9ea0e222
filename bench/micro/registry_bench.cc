// What the registry itself costs, without HTTP, store and workers: instances that register, report
// and end, in a few services or a thousand.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "registry/registry.h"

namespace sluice::bench {
namespace {

using registry::Now;
using registry::Registration;
using registry::Registry;

constexpr std::uint64_t kTtlMs = 30'000;

std::string name_of(std::size_t service) {
  return "service-" + std::to_string(service);
}

// The n-th instance, which is of service n modulo their number: with a zone and a label, as the
// load of bench/load registers them.
Registration registration(std::size_t n, std::size_t services) {
  Registration said;
  said.service = name_of(n % services);
  said.id = "instance-" + std::to_string(n);
  said.address.ip = {10, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8),
                     static_cast<std::uint8_t>(n)};
  said.address.port = 80;
  said.zone = "zone-" + std::to_string(n % 3);
  said.labels = {{"version", "v7"}};
  said.ttl_ms = kTtlMs;
  return said;
}

// A registry of so many instances, whose lists are taken as the control loop takes them.
class Town {
 public:
  Town(std::size_t services, std::size_t instances)
      : services_(services), registry_("bench", rules()) {
    std::vector<config::Service> all(services);
    for (std::size_t i = 0; i < services; ++i) {
      all[i].name = name_of(i);
      all[i].check.type = config::CheckType::none;
    }
    registry_.reconcile(all, true, now_);
    for (std::size_t n = 0; n < instances; ++n) enroll(registration(n, services));
    take_lists();
  }

  void enroll(const Registration& said) { registry_.enroll(said, false, now_); }
  void leave(const Registration& said) {
    registry_.leave(said.service, said.id, std::nullopt, std::nullopt, now_);
  }
  void beat(const Registration& said) { registry_.beat(said.service, said.id, {}, now_); }
  // A turn of the control loop, with what is due at its time.
  void turn(std::uint64_t now_ms) {
    now_.mono_ms = now_ms;
    registry_.advance(now_);
    take_lists();
  }
  void take_lists() {
    registry_.take_changes();
    registry_.take_memos();
    registry_.take_departed();
    snapshot_ = registry_.snapshot();
  }
  std::size_t services() const { return services_; }
  std::uint64_t next_ms() const { return registry_.next_ms(); }

 private:
  static config::Registry rules() {
    config::Registry rules;
    rules.on_expire.verify = config::Verify::none;
    rules.self_preservation.threshold = 1;
    rules.own_lag_guard = false;
    return rules;
  }

  const std::size_t services_;
  Registry registry_;
  Now now_;
  std::shared_ptr<const registry::Snapshot> snapshot_;  // as readers hold it
};

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"services", "instances"})->Unit(benchmark::kMicrosecond);
  for (const auto& [services, instances] :
       {std::array{10, 1'000}, std::array{1'000, 1'000}, std::array{1'000, 100'000}}) {
    bench->Args({services, instances});
  }
}

Town town_of(const benchmark::State& state) {
  return {static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1))};
}

// One that comes, is published, goes, and is published.
void come_and_go(benchmark::State& state) {
  Town town = town_of(state);
  const Registration said =
      registration(static_cast<std::size_t>(state.range(1)) + 5, town.services());
  for (auto _ : state) {
    town.enroll(said);
    town.take_lists();
    town.leave(said);
    town.take_lists();
  }
}
BENCHMARK(come_and_go)->Apply(sizes);

// 64 that come at once, each of another service, and are published together.
void come_together(benchmark::State& state) {
  constexpr std::size_t kTogether = 64;
  Town town = town_of(state);
  const auto first = static_cast<std::size_t>(state.range(1));
  for (auto _ : state) {
    for (std::size_t i = 0; i < kTogether; ++i) {
      town.enroll(registration(first + i, town.services()));
    }
    town.take_lists();
    state.PauseTiming();
    for (std::size_t i = 0; i < kTogether; ++i) {
      town.leave(registration(first + i, town.services()));
    }
    town.take_lists();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kTogether));
}
BENCHMARK(come_together)->Apply(sizes);

void heartbeat(benchmark::State& state) {
  Town town = town_of(state);
  std::vector<Registration> all;
  for (std::size_t n = 0; n < static_cast<std::size_t>(state.range(1)); ++n) {
    all.push_back(
        registration(n * 7919 % static_cast<std::size_t>(state.range(1)), town.services()));
  }
  std::size_t n = 0;
  for (auto _ : state) town.beat(all[n++ % all.size()]);
}
BENCHMARK(heartbeat)->Apply(sizes)->Unit(benchmark::kNanosecond);

// All leases end at once: all turns together, and the longest of them.
void expire(benchmark::State& state) {
  std::chrono::duration<double> longest{0};
  for (auto _ : state) {
    state.PauseTiming();
    auto town = std::make_unique<Town>(static_cast<std::size_t>(state.range(0)),
                                       static_cast<std::size_t>(state.range(1)));
    state.ResumeTiming();
    while (town->next_ms() <= kTtlMs) {
      const auto began = std::chrono::steady_clock::now();
      town->turn(kTtlMs);
      longest = std::max(longest,
                         std::chrono::duration<double>(std::chrono::steady_clock::now() - began));
    }
    state.PauseTiming();
    town.reset();
    state.ResumeTiming();
  }
  state.counters["longest_turn_ms"] = longest.count() * 1e3;
}
BENCHMARK(expire)
    ->ArgNames({"services", "instances"})
    ->Args({1'000, 100'000})
    ->Unit(benchmark::kMillisecond);

// What an instance takes of the heap.
void memory(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    const auto before = ::mallinfo2().uordblks;
    const Town town = town_of(state);
    bytes = static_cast<double>(::mallinfo2().uordblks - before);
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes_of_one"] = bytes / static_cast<double>(state.range(1));
}
BENCHMARK(memory)->ArgNames({"services", "instances"})->Args({1'000, 100'000})->Iterations(1);

}  // namespace
}  // namespace sluice::bench
