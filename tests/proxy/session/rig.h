// A worker's insides without the worker: loop, poller, wheel, log and context, and loopback TCP
// pairs.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proxy/log/log.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "proxy/session/context.h"

namespace sluice::session {

inline config::Log quiet_log() {
  config::Log config;
  config.level = config::LogLevel::off;
  return config;
}

class Rig : public Host {
 public:
  Rig() : log(quiet_log()), channel(log.open_channel()), poller(loop), wheel(loop) {}
  virtual ~Rig() = default;

  // Turns the loop until `done` holds; false after ten seconds.
  bool run_until(const std::function<bool()>& done) {
    const std::uint64_t give_up = net::monotonic_ms() + 10'000;
    net::Timer tick(loop,
                    [] {});  // so that `done` is asked again although nothing happens on the loop
    tick.repeat(1);
    while (!done() && net::monotonic_ms() < give_up) loop.turn();
    return done();
  }

  void on_session_ended(Session&) override {}
  void on_suspect(const std::shared_ptr<registry::Live>&, registry::FailureRow) override {}
  void on_trial(registry::Trial, bool) override {}
  std::shared_ptr<ServiceState> service_of(const Route&) override { return nullptr; }

  net::Loop loop;
  log::Log log;
  std::unique_ptr<log::Channel> channel;
  net::Poller poller;
  net::Wheel wheel;
  Context context{loop, poller, wheel, *channel, *this};
};

inline void set_blocking(int fd, bool blocking) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

// Two ends of one established loopback connection, both non-blocking.
inline std::pair<net::Fd, net::Fd> tcp_pair() {
  const net::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* base = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.get(), base, size), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), base, &size), 0);
  net::Fd near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(near.get(), base, size), 0);
  net::Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  set_blocking(near.get(), false);
  return {std::move(near), std::move(far)};
}

inline void send_text(const net::Fd& fd, std::string_view text) {
  ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

inline void reset(net::Fd& fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd.reset();
}

// What a peer has read so far, and how its stream ended.
struct Heard {
  std::string bytes;
  bool fin = false;
  int error = 0;
  bool is_over() const { return fin || error != 0; }

  void listen(const net::Fd& fd) {
    char buffer[65536];
    while (!is_over()) {
      const ssize_t got = ::recv(fd.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got > 0) {
        bytes.append(buffer, static_cast<std::size_t>(got));
      } else if (got == 0) {
        fin = true;
      } else if (errno == EAGAIN) {
        return;
      } else {
        error = errno;
      }
    }
  }
};

}  // namespace sluice::session
