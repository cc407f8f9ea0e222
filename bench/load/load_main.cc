// sluice_load: one workload against one address, and a JSON object of what came of it.
#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/load/bulk.h"
#include "bench/load/connect.h"
#include "bench/load/echo.h"
#include "bench/load/idle.h"
#include "bench/load/sockets.h"

namespace sluice::bench {
namespace {

struct Options {
  std::string mode;
  std::string target;
  std::size_t connections = 1;
  std::size_t message_size = 64;
  std::string direction = "down";
  double rate = 0;
  Times times;
};

void describe(CLI::App& app, Options& options) {
  app.add_option("mode", options.mode, "What to do")
      ->required()
      ->check(CLI::IsMember({"echo", "connect", "bulk", "idle"}));
  app.add_option("target", options.target, "Loopback address and port")->required();
  app.add_option("--connections", options.connections, "At a time")->check(CLI::Range(1, 100'000));
  app.add_option("--size", options.message_size, "Bytes of a message (echo, connect)")
      ->check(CLI::Range(1, 65'536));
  app.add_option("--direction", options.direction, "Of the payload (bulk); up is from here")
      ->check(CLI::IsMember({"up", "down", "both"}));
  app.add_option("--rate", options.rate, "Connections a second (connect)");
  app.add_option("--warm-up", options.times.warm_up, "Seconds");
  app.add_option("--seconds", options.times.measure, "Seconds to measure");
}

std::unique_ptr<Workload> make_workload(Poll& poll, Tally& tally, const Options& options) {
  const sockaddr_in target = parse_target(options.target);
  if (options.mode == "echo")
    return std::make_unique<Echo>(poll, tally, target, options.connections, options.message_size);
  if (options.mode == "connect")
    return std::make_unique<Connect>(poll, tally, target, options.connections, options.message_size,
                                     options.rate);
  if (options.mode == "idle")
    return std::make_unique<Idle>(poll, tally, target, options.connections);
  const Stream::Directions directions{.sends = options.direction != "down",
                                      .receives = options.direction != "up"};
  return std::make_unique<Bulk>(poll, tally, target, options.connections, directions);
}

int run_load(const Options& options) {
  Poll poll;
  Tally tally;
  run(poll, tally, *make_workload(poll, tally, options), options.times);
  std::cout << tally.to_json().dump() << '\n';
  return tally.errors() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  try {
    CLI::App app{"Loads an address on the loopback; exits with 1 if there were errors"};
    Options options;
    describe(app, options);
    CLI11_PARSE(app, argc, argv);
    return run_load(options);
  } catch (const std::exception& error) {
    std::cerr << "sluice_load: " << error.what() << '\n';
    return 2;
  }
}
