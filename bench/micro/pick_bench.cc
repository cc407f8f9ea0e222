// What a connection pays for its instance: one pick, and the release of an older one, with some
// connections held all the time.
//
// Threads do as workers do: the balancer and the instances' counters are everyone's, the cursor is
// their own. The column CPU is what one pick takes; Time is the time that passed by the picks of
// all threads together.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/micro/sample.h"
#include "proxy/balance/balancer.h"

namespace sluice::bench {
namespace {

using balance::Balancer;
using config::Policy;

constexpr std::size_t kHeld = 64;  // connections of a thread

std::shared_ptr<const Balancer> make_balancer(std::size_t instances, Policy policy) {
  config::Balance balance;
  balance.policy = policy;
  return balance::make_balancer(balance, balance::by_id(members(instances)));
}

std::vector<std::string> clients() {
  std::vector<std::string> texts;
  for (int i = 0; i < 1024; ++i) {
    texts.push_back("10.2." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  return texts;
}

balance::Cursor cursor_of(const benchmark::State& state) {
  const auto worker = static_cast<std::uint32_t>(state.thread_index());
  return balance::Cursor(worker, worker + 1);
}

// Arguments: instances.
void pick(benchmark::State& state, Policy policy) {
  static std::shared_ptr<const Balancer>
      balancer;  // of all threads, which the loop brings together
  if (state.thread_index() == 0) {
    balancer = make_balancer(static_cast<std::size_t>(state.range(0)), policy);
  }
  const std::vector<std::string> from = clients();
  balance::Cursor cursor = cursor_of(state);
  std::array<balance::Pick, kHeld> held;
  std::size_t i = 0;
  for (auto _ : state) {
    held[i % kHeld] = balancer->pick({from[i % from.size()]}, {}, cursor);
    ++i;
  }
}

// The first pick by a new version of a service, when the worker's cursor is aligned with it.
// Arguments: instances.
void first_pick(benchmark::State& state, Policy policy) {
  const std::array versions = {make_balancer(static_cast<std::size_t>(state.range(0)), policy),
                               make_balancer(static_cast<std::size_t>(state.range(0)), policy)};
  balance::Cursor cursor = cursor_of(state);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(versions[++i % 2]->pick({"10.2.0.1"}, {}, cursor));
  }
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("instances")->MinTime(0.2)->UseRealTime();
  for (const int instances : {kFew, 10, 100, 1000, kMany}) bench->Arg(instances);
  bench->Threads(1)->ThreadPerCpu();
}

BENCHMARK_CAPTURE(pick, least_connections, Policy::least_connections)->Apply(sizes);
BENCHMARK_CAPTURE(pick, p2c, Policy::p2c)->Apply(sizes);
BENCHMARK_CAPTURE(pick, round_robin, Policy::round_robin)->Apply(sizes);
BENCHMARK_CAPTURE(pick, random, Policy::random)->Apply(sizes);
BENCHMARK_CAPTURE(pick, first, Policy::first)->Apply(sizes);
BENCHMARK_CAPTURE(pick, hash, Policy::hash)->Apply(sizes);
BENCHMARK_CAPTURE(pick, maglev, Policy::maglev)->Apply(sizes);

BENCHMARK_CAPTURE(first_pick, random, Policy::random)
    ->ArgName("instances")
    ->Arg(kFew)
    ->Arg(100)
    ->Arg(kMany);

}  // namespace
}  // namespace sluice::bench
