// What the store costs: a write alone, writes with others under way, and a start with many entries.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <string>

#include "registry/store/sqlite.h"

namespace sluice::bench {
namespace {

using registry::Outcome;
using registry::SqliteOptions;
using registry::SqliteStore;

// As long as a registration is.
const std::string kValue(300, 'v');

// A directory for one file, on a real disk if /tmp is on one.
class Place {
 public:
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~Place() { std::filesystem::remove_all(directory_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string file() const { return directory_ / "sluice.db"; }

 private:
  std::filesystem::path directory_;
};

registry::Write entry(int number) {
  return {{"instance", "service-" + std::to_string(number % 100), std::to_string(number)},
          kValue + std::to_string(number),
          {},
          {}};
}

void fill(SqliteStore& store, int entries) {
  store.load();
  for (int i = 0; i < entries; ++i) store.write({entry(i)}, {});
}

// Durable transactions on 10,000 entries, so many of them under way at a time.
void store_write(benchmark::State& state) {
  constexpr int kEntries = 10'000;
  const Place place;
  const auto sync = state.range(1) != 0 ? SqliteOptions::Sync::full : SqliteOptions::Sync::normal;
  SqliteStore store({place.file(), sync, ""});
  fill(store, kEntries);
  std::counting_semaphore<> free(state.range(0));
  int number = 0;
  for (auto _ : state) {
    free.acquire();
    auto write = entry((number * 7919) % kEntries);
    write.value->append(std::to_string(number++));
    store.write({std::move(write)}, [&](const Outcome&) { free.release(); });
  }
  for (std::int64_t i = 0; i < state.range(0); ++i) free.acquire();
  const auto health = store.health();
  state.SetItemsProcessed(state.iterations());
  state.counters["in_a_commit"] =
      static_cast<double>(health.transactions) / static_cast<double>(health.commits);
}
BENCHMARK(store_write)
    ->ArgNames({"under_way", "sync_full"})
    ->ArgsProduct({{1, 64, 1000}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// Opening a file and checking all that is in it.
void store_load(benchmark::State& state) {
  const Place place;
  {
    SqliteStore store({place.file(), {}, ""});
    fill(store, static_cast<int>(state.range(0)));
  }
  for (auto _ : state) {
    SqliteStore store({place.file(), {}, ""});
    benchmark::DoNotOptimize(store.load());
  }
  state.counters["file_bytes"] = static_cast<double>(std::filesystem::file_size(place.file()));
}
BENCHMARK(store_load)
    ->ArgName("entries")
    ->Arg(1'000)
    ->Arg(100'000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
