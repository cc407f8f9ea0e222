// A thread's wait for events, which begins with asking where that pays (BusyPoll) and it is
// allowed.
//
// Of one thread, but for busy_polled_ns(). What is measured for it costs two system calls in
// BusyPoll::kTurns waits, and nothing while it is not allowed.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>

#include "proxy/net/busy_poll.h"

namespace sluice::net {

class EventWait {
 public:
  EventWait() = default;
  // Goes on from what another has learnt. On the thread that is to wait.
  explicit EventWait(const BusyPoll& busy_poll) : busy_poll_(busy_poll), before_(Usage::now()) {}
  void allow_busy_poll(bool allowed);  // not at first
  bool is_busy_polling() const { return busy_poll_.is_asking(); }

  // As epoll_wait(2).
  int wait(int epoll, epoll_event* events, int most, int wait_ms);

  // For how long it has asked in all, as of the last window's end. Any thread.
  std::uint64_t busy_polled_ns() const { return asked_ns_.load(std::memory_order_relaxed); }

 private:
  struct Usage {  // of the thread, since it began
    static Usage now();
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t preemptions = 0;
  };
  int ask(int epoll, epoll_event* events, int most);
  void end_window();

  BusyPoll busy_poll_;
  BusyPoll::Window window_;
  Usage before_;
  std::uint64_t turns_ = 0;  // of the window
  std::atomic<std::uint64_t> asked_ns_{0};
};

}  // namespace sluice::net
