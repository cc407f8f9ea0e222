#include "proxy/cli/demo_backends.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "proxy/cli/greeter.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxUnsent = 64u << 10;  // who does not read is not read from either
constexpr std::size_t kMaxTyped = 4u << 10;
constexpr int kPauseMs = 100;  // between attempts to accept while descriptors are short

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A listening socket on 127.0.0.1; empty, with errno, when the port cannot be had.
net::Fd listen_on(std::uint16_t port) {
  net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    fd.reset();
  }
  return fd;
}

std::uint16_t port_of(const net::Fd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_errno("getsockname");
  }
  return ntohs(address.sin_port);
}

// A background job that reads its terminal is stopped by the kernel.
bool may_read(int input) {
  return ::isatty(input) == 0 || ::tcgetpgrp(input) == ::getpgrp();
}

bool would_block(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

struct DemoBackends::Backend {
  std::string name;
  std::uint16_t port;
  net::Fd listener;  // empty while it is stopped
  std::uint64_t connections = 0;
};

struct DemoBackends::Connection {
  Connection(net::Fd accepted, Backend& to) : fd(std::move(accepted)), backend(to) {}

  void receive();
  void send();
  // Ends it as a crash would: the peer gets a reset.
  void reset();
  short interest() const {
    const bool reads = !no_more && unsent.size() < kMaxUnsent;
    return static_cast<short>((reads ? POLLIN : 0) | (unsent.empty() ? 0 : POLLOUT));
  }

  net::Fd fd;  // empty: over
  Backend& backend;
  std::optional<Greeter> greeter;  // from the first byte on
  std::string unsent;
  bool no_more = false;  // the peer has finished, or the greeter has
};

void DemoBackends::Connection::receive() {
  std::array<char, 4096> buffer;
  const ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
  if (n < 0) {
    if (!would_block(errno)) fd.reset();
    return;
  }
  if (n == 0) {
    no_more = true;
    return;
  }
  if (!greeter) greeter.emplace(backend.name, ++backend.connections);
  unsent += greeter->hear({buffer.data(), static_cast<std::size_t>(n)});
  no_more = greeter->is_done();
}

void DemoBackends::Connection::send() {
  while (!unsent.empty()) {
    const ssize_t n = ::send(fd.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (!would_block(errno)) fd.reset();
      return;
    }
    unsent.erase(0, static_cast<std::size_t>(n));
  }
  if (no_more) fd.reset();
}

void DemoBackends::Connection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd.reset();
}

DemoBackends::DemoBackends(const std::vector<std::string>& names, int input, Typed typed)
    : input_(input), typed_(std::move(typed)), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_) throw_errno("eventfd");
  for (const std::string& name : names) {
    net::Fd listener = listen_on(0);
    if (!listener) throw_errno("cannot open a demo backend");
    addresses_.push_back({name, port_of(listener)});
    backends_.push_back({name, addresses_.back().port, std::move(listener)});
  }
  thread_ = std::thread([this] { run(); });
}

DemoBackends::~DemoBackends() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

DemoBackends::Toggled DemoBackends::toggle(const std::string& name) {
  const auto backend = std::ranges::find(backends_, name, &Backend::name);
  if (backend == backends_.end()) return Toggled::unknown_name;
  if (!backend->listener) {
    backend->listener = listen_on(backend->port);
    return backend->listener ? Toggled::started : Toggled::port_taken;
  }
  backend->listener.reset();
  for (const auto& connection : connections_) {
    if (&connection->backend == &*backend) connection->reset();
  }
  return Toggled::stopped;
}

void DemoBackends::run() {
  std::vector<pollfd> watched;
  for (;;) {
    // poll() passes over negative descriptors: a stopped backend, no input.
    watched = {{stop_.get(), POLLIN, 0}, {input_, POLLIN, 0}};
    const short accepts = short_of_fds_ ? 0 : POLLIN;
    for (const Backend& backend : backends_)
      watched.push_back({backend.listener.get(), accepts, 0});
    for (const auto& connection : connections_) {
      watched.push_back({connection->fd.get(), connection->interest(), 0});
    }
    const bool short_of_fds = std::exchange(short_of_fds_, false);
    if (::poll(watched.data(), watched.size(), short_of_fds ? kPauseMs : -1) < 0) continue;
    if (watched[0].revents != 0) return;

    // What is accepted now was not watched, so the connections come before the listeners.
    const auto events_of_backends = watched.begin() + 2;
    auto events = events_of_backends + static_cast<std::ptrdiff_t>(backends_.size());
    for (const auto& connection : connections_) {
      const short revents = (events++)->revents;
      if (revents == 0) continue;
      if ((revents & ~POLLOUT) != 0) connection->receive();
      if (connection->fd) connection->send();
    }
    events = events_of_backends;
    for (Backend& backend : backends_) {
      if ((events++)->revents != 0) accept_on(backend);
    }
    if (watched[1].revents != 0) read_input();
    std::erase_if(connections_, [](const auto& connection) { return !connection->fd; });
  }
}

void DemoBackends::accept_on(Backend& backend) {
  net::Fd fd(::accept4(backend.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    connections_.push_back(std::make_unique<Connection>(std::move(fd), backend));
  } else if (!would_block(errno)) {
    short_of_fds_ = true;
  }
}

void DemoBackends::read_input() {
  if (!may_read(input_)) {
    input_ = -1;
    return;
  }
  std::array<char, 256> buffer;
  const ssize_t n = ::read(input_, buffer.data(), buffer.size());
  if (n <= 0) {
    input_ = -1;
    return;
  }
  typed_so_far_.append(buffer.data(), static_cast<std::size_t>(n));
  for (std::size_t end = 0; (end = typed_so_far_.find('\n')) != std::string::npos;) {
    const std::string line = typed_so_far_.substr(0, end);
    typed_so_far_.erase(0, end + 1);
    typed_(*this, line);
  }
  if (typed_so_far_.size() > kMaxTyped) typed_so_far_.clear();
}

}  // namespace sluice::cli
