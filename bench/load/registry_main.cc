// sluice_registry_load: one workload against a registry's HTTP API, and a JSON object of what came
// of it, as sluice_load's.
#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/load/requests.h"
#include "bench/load/sockets.h"
#include "bench/load/watching.h"

namespace sluice::bench {
namespace {

struct Options {
  std::string mode;
  Registry registry;
  Requests::Amount amount;
  Times times;
};

void describe(CLI::App& app, Options& options) {
  app.add_option("mode", options.mode, "What to do")
      ->required()
      ->check(
          CLI::IsMember({"register", "applied", "beat", "churn", "discover", "select", "watch"}));
  app.add_option("target", options.registry.host, "Loopback address and port")->required();
  app.add_option("--services", options.registry.services, "That there are")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--instances", options.registry.instances, "That are registered, for beat")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--ttl", options.registry.ttl, "Of registrations");
  app.add_option("--connections", options.amount.connections, "At a time; or watchers")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--count", options.amount.count, "Requests, however long they take");
  app.add_option("--first", options.amount.first, "The number of the first instance");
  app.add_option("--rate", options.amount.rate, "Requests a second");
  app.add_option("--warm-up", options.times.warm_up, "Seconds");
  app.add_option("--seconds", options.times.measure, "Seconds to measure, or at most");
}

std::unique_ptr<Workload> make_workload(Poll& poll, Tally& tally, const Options& options) {
  const sockaddr_in target = parse_target(options.registry.host);
  if (options.mode == "watch") {
    return std::make_unique<Watching>(poll, tally, target, options.registry,
                                      options.amount.connections);
  }
  return std::make_unique<Requests>(poll, tally, target, script_of(options.mode, options.registry),
                                    options.amount);
}

int run_load(Options options) {
  Poll poll;
  Tally tally;
  if (options.amount.count != 0) options.times.warm_up = 0;
  run(poll, tally, *make_workload(poll, tally, options), options.times);
  std::cout << tally.to_json().dump() << '\n';
  return tally.errors() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  try {
    CLI::App app{"Loads a registry on the loopback; exits with 1 if there were errors"};
    Options options;
    describe(app, options);
    CLI11_PARSE(app, argc, argv);
    end_by_signal();
    return run_load(std::move(options));
  } catch (const std::exception& error) {
    std::cerr << "sluice_registry_load: " << error.what() << '\n';
    return 2;
  }
}
