#include "bench/load/sockets.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace sluice::bench {

namespace {

constexpr int kBacklog = 4096;
constexpr std::uint32_t kSources = 250;
constexpr std::uint32_t kFirstSource = 0x7f000101;  // 127.0.1.1

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_addr.s_addr = htonl(host);
  made.sin_port = htons(port);
  return made;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

net::Fd tcp_socket() {
  return net::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

sockaddr_in parse_target(const std::string& text) {
  const auto colon = text.find(':');
  sockaddr_in target = address(0, 0);
  std::uint16_t port = 0;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &target.sin_addr) != 1 ||
      ntohl(target.sin_addr.s_addr) >> 24 != 127 ||
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ptr !=
          text.data() + text.size())
    throw std::invalid_argument("not a loopback address and port: " + text);
  target.sin_port = htons(port);
  return target;
}

net::Fd listen_on_loopback(std::uint16_t port) {
  net::Fd fd = tcp_socket();
  if (!fd) fail("socket");
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) != 0) fail("bind to lo");
  const sockaddr_in any = address(INADDR_ANY, port);
  if (::bind(fd.get(), generic(any), sizeof any) != 0 || ::listen(fd.get(), kBacklog) != 0)
    fail("listen on port " + std::to_string(port));
  return fd;
}

net::Fd begin_connect(const sockaddr_in& target, std::uint64_t n) {
  net::Fd fd = tcp_socket();
  if (!fd) return fd;
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  // The port is chosen by connect(), which knows the other end and so may use a port twice.
  set(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const sockaddr_in source = address(kFirstSource + static_cast<std::uint32_t>(n % kSources), 0);
  if (::bind(fd.get(), generic(source), sizeof source) != 0) return {};
  if (::connect(fd.get(), generic(target), sizeof target) != 0 && errno != EINPROGRESS) return {};
  return fd;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace sluice::bench
