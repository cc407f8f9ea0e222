// A service that registers itself: greets whoever connects, until it is told to stop.
//
//   greeter SERVER SERVICE ID        as in: greeter http://127.0.0.1:9901 web a
#include <netinet/in.h>
#include <sluice/registrar.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

std::atomic<int> listening = -1;

void stop(int /*signal*/) {
  ::shutdown(listening, SHUT_RDWR);  // accept() returns
}

// On a port of the kernel's choice, which is returned.
std::uint16_t listen_somewhere() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening, any, size) != 0 || ::listen(listening, 128) != 0 ||
      ::getsockname(listening, any, &size) != 0) {
    std::perror("greeter: cannot listen");
    std::exit(1);
  }
  return ntohs(address.sin_port);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("usage: greeter SERVER SERVICE ID\n", stderr);
    return 2;
  }
  sluice::client::Registrar::Options options;
  options.server = argv[1];
  options.service = argv[2];
  options.id = argv[3];
  options.port = listen_somewhere();
  options.drain = std::chrono::seconds(10);
  options.log = [](const std::string& line) {
    std::fprintf(stderr, "greeter: %s\n", line.c_str());
  };
  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);

  const sluice::client::Registrar registrar(options);  // until the end of main
  const std::string greeting = "hello from " + options.id + "\n";
  for (int client; (client = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    ::send(client, greeting.data(), greeting.size(), MSG_NOSIGNAL);
    ::close(client);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "greeter: %s\n", error.what());
  return 2;
}
