#include "tests/integration/echo_process.h"

#include <unistd.h>

#include <stdexcept>

#include "tests/support/peer.h"
#include "tests/support/servers.h"

namespace sluice::test {

void serve_echo_until_killed(const std::string& port) {
  const Backend server(echo(), {}, loopback(static_cast<std::uint16_t>(std::stoi(port))));
  for (;;) ::pause();
}

EchoProcess::EchoProcess() : address_(loopback(reserve_port())) {
  start();
}

void EchoProcess::start() {
  const std::string port = address_.substr(address_.rfind(':') + 1);
  process_ =
      std::make_unique<Process>(Command{.arguments = {"/proc/self/exe", "serve-echo", port}});
  if (!eventually([this] { return connect_error(address_) == 0; }))
    throw std::runtime_error("the echo process does not listen on " + address_);
}

void EchoProcess::kill() {
  process_->kill();
}

}  // namespace sluice::test
