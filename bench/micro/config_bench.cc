// What a start or a reload pays for reading and checking the file, and the registry for taking it
// over.
#include <benchmark/benchmark.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/micro/sample.h"
#include "config/load.h"
#include "registry/registry.h"

namespace sluice::bench {
namespace {

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("instances")->Unit(benchmark::kMillisecond)->Arg(kFew)->Arg(1000)->Arg(kMany);
}

std::string yaml(std::size_t instances) {
  std::string text =
      "version: 1\n"
      "listeners:\n"
      "  - {bind: \"127.0.0.1:5432\", service: service}\n"
      "services:\n"
      "  - name: service\n"
      "    instances:\n";
  for (std::size_t i = 0; i < instances; ++i) text += "      - \"" + address(i) + "\"\n";
  return text;
}

std::optional<std::string> no_environment(std::string_view) {
  return std::nullopt;
}

void load(benchmark::State& state) {
  const std::string text = yaml(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const config::Loaded loaded = config::load_text(text, "bench.yaml", no_environment);
    if (!loaded.config) state.SkipWithError("the configuration does not load");
  }
}
BENCHMARK(load)->Apply(sizes);

// A reload of the same file, at the registry.
void reconcile(benchmark::State& state) {
  const std::vector services = {service(static_cast<std::size_t>(state.range(0)))};
  registry::Registry registry("bench");
  registry.reconcile(services, true, {});
  for (auto _ : state) registry.reconcile(services, false, {});
}
BENCHMARK(reconcile)->Apply(sizes);

}  // namespace
}  // namespace sluice::bench
