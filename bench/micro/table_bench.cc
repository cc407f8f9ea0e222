// What the control loop pays for a ring or a table, each time that a service's members change.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/micro/sample.h"
#include "proxy/balance/ketama_ring.h"
#include "proxy/balance/maglev_table.h"

namespace sluice::bench {
namespace {

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("instances")->Unit(benchmark::kMicrosecond);
  for (const int instances : {kFew, 100, 1000, kMany}) bench->Arg(instances);
}

void build_ring(benchmark::State& state) {
  std::vector<balance::KetamaRing::Server> servers;
  for (const balance::Member& member : members(static_cast<std::size_t>(state.range(0)))) {
    servers.push_back({balance::KetamaRing::name_of(member.address()), 1});
  }
  const std::uint32_t points = config::Hash{}.points;
  for (auto _ : state) benchmark::DoNotOptimize(balance::KetamaRing(servers, points));
}
BENCHMARK(build_ring)->Apply(sizes);

void build_maglev_table(benchmark::State& state) {
  std::vector<balance::MaglevBackend> backends;
  for (int i = 0; i < state.range(0); ++i) {
    backends.push_back({address(static_cast<std::size_t>(i)), 1});
  }
  for (auto _ : state) benchmark::DoNotOptimize(balance::build_maglev_table(backends));
}
BENCHMARK(build_maglev_table)->Apply(sizes);

}  // namespace
}  // namespace sluice::bench
