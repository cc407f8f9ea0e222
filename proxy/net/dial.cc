#include "proxy/net/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

namespace sluice::net {

namespace {

struct PortRange {
  int first = 32768;
  int last = 60999;
};

// The ports that the kernel gives to outgoing connections, read once.
const PortRange& ephemeral_ports() {
  static const PortRange range = [] {
    PortRange read;
    std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
    PortRange found;
    if (file >> found.first >> found.last) read = found;
    return read;
  }();
  return range;
}

bool has_input(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool is_self_connected(int fd, const SocketAddress& to) {
  if (to.family() == AF_UNIX) return false;
  const config::Endpoint target = to.endpoint();
  if (target.port < ephemeral_ports().first || target.port > ephemeral_ports().last) return false;
  SocketAddress own;
  if (::getsockname(fd, own.get(), own.size_for_kernel()) != 0) return false;
  return own.endpoint() == target;
}

}  // namespace

std::string_view word(ConnectResult result) {
  static constexpr std::array<std::string_view, kConnectResults> kWords = {
      "ok",       "refused", "timeout",      "unreachable", "reset",
      "no_ports", "no_fds",  "self_connect", "error",       "cancelled"};
  return kWords[static_cast<std::size_t>(result)];
}

ConnectResult classify_connect_error(int error) {
  switch (error) {
    case 0:
      return ConnectResult::ok;
    case ECONNREFUSED:
    case ENOENT:  // of a unix path: nobody listens there
    case EAGAIN:  // of a unix socket: its backlog is full
      return ConnectResult::refused;
    case ETIMEDOUT:
      return ConnectResult::timeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ConnectResult::unreachable;
    case ECONNRESET:
    case EPIPE:
      return ConnectResult::reset;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return ConnectResult::no_ports;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return ConnectResult::no_fds;
    default:
      return ConnectResult::error;
  }
}

bool is_instances_fault(ConnectResult result) {
  switch (result) {
    case ConnectResult::refused:
    case ConnectResult::timeout:
    case ConnectResult::unreachable:
    case ConnectResult::reset:
    case ConnectResult::self_connect:
    case ConnectResult::error:
      return true;
    case ConnectResult::ok:
    case ConnectResult::no_ports:
    case ConnectResult::no_fds:
    case ConnectResult::cancelled:
      return false;
  }
  return false;
}

Dial dial(const SocketAddress& to, Begins begins) {
  Dial dial;
  dial.socket = Fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (dial.socket && begins == Begins::we && to.family() != AF_UNIX) {
    const int no = 0;
    if (::setsockopt(dial.socket.get(), IPPROTO_TCP, TCP_QUICKACK, &no, sizeof(no)) == 0) {
      dial.acks = Socket::Acks::late;
    }
  }
  if (!dial.socket) {
    dial.error = errno;
  } else if (::connect(dial.socket.get(), to.get(), to.size()) != 0 && errno != EINPROGRESS) {
    dial.error = errno;
    dial.socket.reset();
  }
  dial.result = classify_connect_error(dial.error);
  return dial;
}

ConnectResult dial_outcome(Socket& socket, const SocketAddress& to, int& error) {
  error = 0;
  if (socket.failed || socket.peer_finished) {
    socklen_t size = sizeof(error);
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    // One that answered, spoke and reset all at once was reached: its words are to be delivered.
    if (error != 0 && !(error == ECONNRESET && has_input(socket.fd()))) {
      return classify_connect_error(error);
    }
    error = 0;
  }
  return is_self_connected(socket.fd(), to) ? ConnectResult::self_connect : ConnectResult::ok;
}

}  // namespace sluice::net
