// What the list of all instances costs: the JSON of the registry.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/micro/sample.h"
#include "registry/api.h"
#include "registry/registry.h"

namespace sluice::bench {
namespace {

void list(benchmark::State& state) {
  registry::Registry registry("bench");
  registry.reconcile({service(static_cast<std::size_t>(state.range(0)))}, true, {});
  const auto snapshot = registry.snapshot();
  std::size_t bytes = 0;
  for (auto _ : state) bytes += registry::services_json(*snapshot, "", {}, 0).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(list)
    ->ArgName("instances")
    ->Unit(benchmark::kMillisecond)
    ->Arg(kFew)
    ->Arg(1000)
    ->Arg(kMany);

}  // namespace
}  // namespace sluice::bench
