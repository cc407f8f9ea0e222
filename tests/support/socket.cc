#include "tests/support/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace sluice::test {
namespace {

constexpr int kFirstPort = 10'000;
constexpr int kPastLastPort = 32'000;  // below Linux's ephemeral range, 32768 to 60999

// Draws the next number from the counter that all test processes of this user share.
int next_candidate() {
  const std::string path = "/tmp/sluice-test-ports." + std::to_string(::geteuid());
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::flock(file.get(), LOCK_EX) != 0) fail_with_errno(path);
  char text[16] = {};
  int number = ::pread(file.get(), text, sizeof text - 1, 0) > 0 ? std::atoi(text) : 0;
  if (number < kFirstPort || number >= kPastLastPort) number = kFirstPort;
  const std::string next = std::to_string(number + 1) + "\n";
  if (::pwrite(file.get(), next.data(), next.size(), 0) < 0) fail_with_errno(path);
  return number;
}

// A plain bind, without SO_REUSEADDR: refuses a port with so much as a connection in TIME_WAIT.
bool is_free(std::uint16_t port) {
  const Fd socket = open_socket(AF_INET);
  const Address address = Address::parse("0.0.0.0:" + std::to_string(port));
  return ::bind(socket.get(), &address.any, address.size) == 0;
}

}  // namespace

void fail_with_errno(std::string_view call) {
  throw std::system_error(errno, std::generic_category(), std::string(call));
}

Address Address::parse(std::string_view text) {
  Address address{};
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    if (text.size() >= sizeof address.path.sun_path) throw std::invalid_argument("path too long");
    address.path.sun_family = AF_UNIX;
    std::memcpy(address.path.sun_path, text.data(), text.size());
    address.size = sizeof address.path;
    return address;
  }
  const auto colon = text.rfind(':');
  const std::string host(text.substr(0, colon));
  address.ipv4.sin_family = AF_INET;
  address.ipv4.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(std::string(text.substr(colon + 1)))));
  if (::inet_pton(AF_INET, host.c_str(), &address.ipv4.sin_addr) != 1)
    throw std::invalid_argument("not an address: " + std::string(text));
  address.size = sizeof address.ipv4;
  return address;
}

std::string loopback(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

std::uint16_t reserve_port() {
  for (int tries = kFirstPort; tries < kPastLastPort; ++tries) {
    const auto port = static_cast<std::uint16_t>(next_candidate());
    if (is_free(port)) return port;
  }
  throw std::runtime_error("no free port below the ephemeral range");
}

Fd open_socket(int family) {
  Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) fail_with_errno("socket");
  return socket;
}

void set_option(const Fd& socket, int level, int name, int value) {
  if (::setsockopt(socket.get(), level, name, &value, sizeof value) != 0)
    fail_with_errno("setsockopt");
}

Fd listen_on(const std::string& text, const ListenOptions& options) {
  const Address address = Address::parse(text);
  Fd socket = open_socket(address.family());
  if (address.family() != AF_UNIX) set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.receive_buffer > 0) set_option(socket, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  if (options.send_buffer > 0) set_option(socket, SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  if (options.max_segment > 0) set_option(socket, IPPROTO_TCP, TCP_MAXSEG, options.max_segment);
  if (::bind(socket.get(), &address.any, address.size) != 0) fail_with_errno("bind " + text);
  if (::listen(socket.get(), options.backlog) != 0) fail_with_errno("listen " + text);
  return socket;
}

std::uint16_t local_port(const Fd& socket) {
  Address address{};
  address.size = sizeof address.ipv4;
  if (::getsockname(socket.get(), &address.any, &address.size) != 0) fail_with_errno("getsockname");
  return ntohs(address.ipv4.sin_port);
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd waiting{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace sluice::test
