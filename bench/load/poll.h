// An epoll set and those who wait on it.
//
// One thread. A handler has one descriptor in the set and may destroy itself, but no other handler,
// while it is being told: that is why no event can reach a handler that is gone.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "proxy/net/fd.h"

namespace sluice::bench {

class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;
  virtual void on_events(std::uint32_t events) = 0;
};

class Poll {
 public:
  Poll();

  // `events` as for epoll_ctl(2). Closing the descriptor takes it out of the set.
  void add(int fd, std::uint32_t events, Handler& handler) {
    control(EPOLL_CTL_ADD, fd, events, handler);
  }
  void change(int fd, std::uint32_t events, Handler& handler) {
    control(EPOLL_CTL_MOD, fd, events, handler);
  }

  // Waits for events, at most so long (-1: for ever), and tells their handlers.
  void turn(int milliseconds);

 private:
  void control(int operation, int fd, std::uint32_t events, Handler& handler);

  net::Fd epoll_;
};

}  // namespace sluice::bench
