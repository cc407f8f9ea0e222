// What a scrape costs: the text of the page, the larger part of which are instances.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/micro/sample.h"
#include "proxy/metrics/metrics.h"
#include "registry/registry.h"

namespace sluice::bench {
namespace {

void scrape(benchmark::State& state) {
  registry::Registry registry("bench");
  registry.reconcile({service(static_cast<std::size_t>(state.range(0)))}, true, {});
  const auto snapshot = registry.snapshot();
  metrics::Metrics metrics(
      2, {[&] { return snapshot; }, [] { return std::vector<metrics::Sources::Worker>(2); },
          [] { return std::uint64_t{0}; }, [] { return metrics::Sources::Store{}; }, "0"});
  const auto listener = metrics.listener("front");
  const auto route = metrics.route("front", "service");
  const auto cells = metrics.service("service");
  std::size_t bytes = 0;
  for (auto _ : state) bytes += metrics.text().size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(scrape)
    ->ArgName("instances")
    ->Unit(benchmark::kMillisecond)
    ->Arg(kFew)
    ->Arg(1000)
    ->Arg(kMany);

}  // namespace
}  // namespace sluice::bench
