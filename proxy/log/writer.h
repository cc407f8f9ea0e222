// The thread that writes: takes lines out of the rings of all channels and hands them to spdlog.
// Private to proxy/log.
//
// It sleeps on the bell for at most 100 ms, so a line costs its channel no system call, and an idle
// process some ten wake-ups a second. The bell is rung for a line of `warn` or above, for a ring
// that is more than half full, and by the functions here. After a turn that wrote something it
// looks again before it sleeps. Lines of one channel keep their order; between channels there is
// none.
//
// A target that does not take lines (a full pipe, a stopped terminal) holds up this thread and
// nobody else; one that refuses them (a full disk, a closed pipe) loses them, counted. Once lines
// get through again, or there is a new target, one more says how many were lost in between.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/log/feed.h"
#include "proxy/log/target.h"
#include "proxy/net/fd.h"

namespace sluice::log {

class Writer {
 public:
  Writer(std::shared_ptr<Shared> shared, net::Fd target);  // starts the thread
  // Writes what the rings hold, waiting at most one second for a target that takes nothing.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Any thread.
  void add(std::shared_ptr<Feed> feed);
  void replace_target(net::Fd target);  // takes effect within a turn, also while the old one stalls
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;

  // All on the writing thread.
  void run();
  void adopt_changes();
  void use_target(net::Fd target);
  std::size_t write_turn();
  std::size_t drain(Feed& feed);
  void announce_losses();
  void sleep();
  bool wait_for_room(int fd);
  bool is_past_deadline() const;
  void on_refused();

  const std::shared_ptr<Shared> shared_;
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> stopping_{false};
  Clock::time_point deadline_;  // read only once stopping_ is seen

  std::mutex mutex_;  // guards these two
  std::vector<std::shared_ptr<Feed>> new_feeds_;
  std::optional<net::Fd> new_target_;
  std::atomic<bool> has_new_target_{false};  // the same, to be read without the lock

  // The writing thread's own.
  std::vector<std::shared_ptr<Feed>> feeds_;
  std::shared_ptr<Target> target_;
  spdlog::logger logger_{"sluice"};
  std::string line_;
  LineText announcement_;
  std::uint64_t announced_ = 0;  // losses that a line has told of
  bool turn_refused_ = false;
  bool is_new_target_ = false;  // nothing was written to it yet

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::log
