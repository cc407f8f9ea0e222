// A client that discovers: visits an instance of a service, and prints what that says.
//
//   visitor SERVER SERVICE        as in: visitor http://127.0.0.1:9901 web
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sluice/discoverer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace {

// What the instance at this IPv4 address says until it closes; nothing if it cannot be reached.
std::optional<std::string> visit(const sluice::client::Place& place) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(place.port());
  if (::inet_pton(AF_INET, place.address().c_str(), &address.sin_addr) != 1) return std::nullopt;
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::optional<std::string> said;
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    said.emplace();
    char bytes[256];
    for (ssize_t n; (n = ::recv(server, bytes, sizeof(bytes), 0)) > 0;) {
      said->append(bytes, static_cast<std::size_t>(n));
    }
  }
  ::close(server);
  return said;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fputs("usage: visitor SERVER SERVICE\n", stderr);
    return 2;
  }
  sluice::client::Discoverer::Options options;
  options.server = argv[1];
  options.service = argv[2];
  const sluice::client::Discoverer service(options);
  if (!service.wait_until_ready(std::chrono::seconds(5))) {
    std::fprintf(stderr, "visitor: %s\n", service.trouble().c_str());
    return 1;
  }
  std::vector<std::string> tried;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto place = service.pick({}, tried);  // counts as a connection while it lives
    if (!place) break;
    if (const auto said = visit(*place)) {
      std::fputs(said->c_str(), stdout);
      return 0;
    }
    tried.push_back(place->id());
  }
  std::fputs("visitor: nobody answers\n", stderr);
  return 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "visitor: %s\n", error.what());
  return 2;
}
