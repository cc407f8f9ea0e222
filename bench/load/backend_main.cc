// sluice_backend: servers on ports of the loopback until SIGTERM, then a JSON object of what they
// have counted.
#include <sys/signalfd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/load/backend.h"

namespace sluice::bench {
namespace {

// SIGTERM and SIGINT as events. Requires: no other thread.
class StopSignal final : public Handler {
 public:
  explicit StopSignal(Poll& poll) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    fd_ = net::Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
    poll.add(fd_.get(), EPOLLIN, *this);
  }
  void on_events(std::uint32_t) override { has_come_ = true; }
  bool has_come() const { return has_come_; }

 private:
  net::Fd fd_;
  bool has_come_ = false;
};

int serve(const std::map<Role, std::vector<std::uint16_t>>& ports) {
  Poll poll;
  const StopSignal stop(poll);
  Backend backend(poll);
  for (const auto& [role, of_role] : ports)
    for (const std::uint16_t port : of_role) backend.listen(port, role);
  std::cout << "listening\n" << std::flush;
  while (!stop.has_come()) poll.turn(-1);

  const Backend::Counts& counts = backend.counts();
  std::cout << nlohmann::json{{"accepted", counts.accepted},
                              {"accept_failures", counts.accept_failures},
                              {"wrong_bytes", counts.wrong_bytes}}
            << '\n';
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  try {
    CLI::App app{"Serves the load programs; the ports of each role are a comma list"};
    std::map<Role, std::vector<std::uint16_t>> ports;
    app.add_option("--echo", ports[Role::echo], "Sends back what comes")->delimiter(',');
    app.add_option("--source", ports[Role::source], "Sends for ever")->delimiter(',');
    app.add_option("--sink", ports[Role::sink], "Receives for ever")->delimiter(',');
    app.add_option("--both", ports[Role::both], "Sends and receives for ever")->delimiter(',');
    CLI11_PARSE(app, argc, argv);
    return serve(ports);
  } catch (const std::exception& error) {
    std::cerr << "sluice_backend: " << error.what() << '\n';
    return 2;
  }
}
