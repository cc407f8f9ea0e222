#include "proxy/net/event_wait.h"

#include <sys/resource.h>

#include <algorithm>
#include <ctime>

#include "proxy/net/loop.h"
#include "proxy/net/transfer.h"

namespace sluice::net {

// The times of getrusage() are as of the last tick, or of when the thread last slept.
EventWait::Usage EventWait::Usage::now() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return {monotonic_ns(),
          static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
              static_cast<std::uint64_t>(used.tv_nsec),
          static_cast<std::uint64_t>(usage.ru_nivcsw)};
}

void EventWait::allow_busy_poll(bool allowed) {
  if (allowed == busy_poll_.is_allowed()) return;
  busy_poll_.allow(allowed);
  window_ = {};
  turns_ = 0;
  before_ = Usage::now();
}

int EventWait::wait(int epoll, epoll_event* events, int most, int wait_ms) {
  if (!busy_poll_.is_allowed()) return wait_for_events(epoll, events, most, wait_ms);
  int count = 0;
  if (busy_poll_.is_asking() && wait_ms != 0) count = ask(epoll, events, most);
  if (count == 0) count = wait_for_events(epoll, events, most, wait_ms);
  window_.events += static_cast<std::uint64_t>(std::max(count, 0));
  if (++turns_ == BusyPoll::kTurns) end_window();
  return count;
}

int EventWait::ask(int epoll, epoll_event* events, int most) {
  int count = wait_for_events(epoll, events, most, 0);
  if (count != 0) return count;
  const std::uint64_t began_ns = monotonic_ns();
  std::uint64_t asked_ns = 0;
  while (count == 0 && asked_ns < BusyPoll::kLongestNs) {
    count = wait_for_events(epoll, events, most, 0);
    asked_ns = monotonic_ns() - began_ns;
  }
  window_.asked_ns += asked_ns;
  window_.longest_ns = std::max(window_.longest_ns, asked_ns);
  return count;
}

void EventWait::end_window() {
  const Usage now = Usage::now();
  window_.wall_ns = now.wall_ns - before_.wall_ns;
  window_.cpu_ns = now.cpu_ns - before_.cpu_ns;
  window_.preemptions = now.preemptions - before_.preemptions;
  asked_ns_.store(asked_ns_.load(std::memory_order_relaxed) + window_.asked_ns,
                  std::memory_order_relaxed);
  busy_poll_.judge(window_);
  before_ = now;
  window_ = {};
  turns_ = 0;
}

}  // namespace sluice::net
