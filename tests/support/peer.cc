#include "tests/support/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <vector>

#include "tests/support/payload.h"

namespace sluice::test {
namespace {

constexpr std::size_t kKeptText = 64 << 10;

void come_from(const Fd& socket, const std::string& source) {
  set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const Address address = Address::parse(source + ":0");
  if (::bind(socket.get(), &address.any, address.size) != 0) fail_with_errno("bind " + source);
}

void set_blocking(const Fd& socket, bool blocking) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

// 0 or the errno.
int connect_within(const Fd& socket, const Address& address, Milliseconds within) {
  set_blocking(socket, false);
  if (::connect(socket.get(), &address.any, address.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(socket.get(), POLLOUT, Deadline(within).poll_timeout())) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

Peer::Peer(Fd socket) : socket_(std::move(socket)) {
  set_blocking(socket_, true);
  int family = 0;
  socklen_t size = sizeof family;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  if (family == AF_INET) set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
}

Peer Peer::connect(const std::string& text, const ConnectOptions& options) {
  const Address address = Address::parse(text);
  Fd socket = open_socket(address.family());
  if (!options.source.empty()) come_from(socket, options.source);
  if (options.receive_buffer > 0) set_option(socket, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  if (options.send_buffer > 0) set_option(socket, SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  if (options.max_segment > 0) set_option(socket, IPPROTO_TCP, TCP_MAXSEG, options.max_segment);
  errno = connect_within(socket, address, options.within);
  const bool is_reset = errno == ECONNRESET;
  if (errno != 0 && !is_reset) fail_with_errno("connect " + text);
  Peer peer(std::move(socket));
  peer.is_reset_ = is_reset;
  return peer;
}

bool Peer::try_send(std::string_view bytes) {
  const Deadline deadline(kPatience);
  while (!bytes.empty()) {
    if (!wait_for(socket_.get(), POLLOUT, deadline.poll_timeout())) return false;
    const ssize_t n =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Peer::send(std::string_view bytes) {
  if (!try_send(bytes)) fail_with_errno("send");
}

void Peer::send_urgent(char byte) {
  if (::send(socket_.get(), &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1) fail_with_errno("send urgent");
}

std::uint64_t Peer::send_stream(std::uint64_t seed, std::uint64_t n, Milliseconds within) {
  Stream stream(seed);
  std::vector<char> chunk(64 << 10);
  std::uint64_t sent = 0;
  for (const Deadline deadline(within); sent < n && !deadline.has_passed();) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(n - sent, chunk.size()));
    stream.fill(chunk.data(), size);
    for (std::size_t done = 0; done < size;) {
      if (!wait_for(socket_.get(), POLLOUT, deadline.poll_timeout())) return sent;
      const ssize_t out =
          ::send(socket_.get(), chunk.data() + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (out < 0 && errno != EAGAIN) return sent;
      if (out < 0) continue;
      done += static_cast<std::size_t>(out);
      sent += static_cast<std::uint64_t>(out);
    }
  }
  return sent;
}

std::string Peer::receive(std::size_t n, Milliseconds within) {
  std::string bytes(n, '\0');
  std::size_t got = 0;
  const Deadline deadline(within);
  while (got < n && wait_for(socket_.get(), POLLIN, deadline.poll_timeout())) {
    const ssize_t in = ::recv(socket_.get(), bytes.data() + got, n - got, MSG_DONTWAIT);
    if (in == 0 || (in < 0 && errno != EAGAIN)) break;
    if (in > 0) got += static_cast<std::size_t>(in);
  }
  bytes.resize(got);
  return bytes;
}

Rest Peer::receive_rest(Milliseconds within) {
  Rest rest;
  Sha256 sum;
  std::vector<char> chunk(256 << 10);
  const Deadline deadline(within);
  while (wait_for(socket_.get(), POLLIN, deadline.poll_timeout())) {
    const ssize_t in = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (in < 0 && errno == EAGAIN) continue;
    if (in <= 0) {
      rest.end = in < 0 || is_reset_ ? End::rst : End::fin;
      break;
    }
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(in));
    sum.add(bytes);
    rest.bytes += bytes.size();
    rest.text += bytes.substr(0, kKeptText - std::min(kKeptText, rest.text.size()));
  }
  rest.sha256 = sum.hex();
  return rest;
}

bool Peer::stays_quiet(Milliseconds time) const {
  return !wait_for(socket_.get(), POLLIN, static_cast<int>(time.count()));
}

void Peer::finish() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void Peer::reset() {
  const linger abort{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  socket_.reset();
}

std::string receive_request(Peer& peer) {
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    const std::string byte = peer.receive(1);
    if (byte.empty()) return request;
    request += byte;
  }
  const std::string field = "Content-Length: ";
  const std::size_t at = request.find(field);
  if (at == std::string::npos) return request;
  return request + peer.receive(std::stoul(request.substr(at + field.size())));
}

int connect_error(const std::string& text, Milliseconds within) {
  const Address address = Address::parse(text);
  return connect_within(open_socket(address.family()), address, within);
}

Acceptor::Acceptor(const ListenOptions& options) : Acceptor(loopback(reserve_port()), options) {}

Acceptor::Acceptor(const std::string& address, const ListenOptions& options)
    : address_(address), socket_(listen_on(address, options)) {}

Peer Acceptor::accept(Milliseconds within) {
  if (nobody_comes_for(within)) throw std::runtime_error("nobody connected to " + address_);
  Fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) fail_with_errno("accept");
  return Peer(std::move(socket));
}

bool Acceptor::nobody_comes_for(Milliseconds time) const {
  return !wait_for(socket_.get(), POLLIN, static_cast<int>(time.count()));
}

DeadEnd::DeadEnd() : socket_(open_socket(AF_INET)) {
  const Address address = Address::parse("127.0.0.1:0");
  if (::bind(socket_.get(), &address.any, address.size) != 0) fail_with_errno("bind");
  address_ = loopback(local_port(socket_));
}

BlackHole::BlackHole()
    : socket_(listen_on("127.0.0.1:0", {.backlog = 0})), address_(loopback(local_port(socket_))) {
  taken_ = open_socket(AF_INET);
  errno = connect_within(taken_, Address::parse(address_), kPatience);
  if (errno != 0) fail_with_errno("connect " + address_);
}

}  // namespace sluice::test
