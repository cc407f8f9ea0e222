#include "proxy/log/writer.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include "proxy/log/clock.h"

namespace sluice::log {

namespace {

constexpr int kTickMs = 100;
constexpr std::chrono::seconds kLastWords{1};
constexpr std::size_t kLinesATurn = 1024;  // of one channel, before the next has its turn

// The thread inherits a mask in which everything is blocked: signals belong to the control loop,
// and a pipe without a reader is an errno.
std::thread start_without_signals(auto body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Writer::Writer(std::shared_ptr<Shared> shared, net::Fd target) : shared_(std::move(shared)) {
  // The default handler would print to stderr, which may be the very target that refuses.
  logger_.set_error_handler([this](const std::string&) { on_refused(); });
  use_target(std::move(target));
  thread_ = start_without_signals([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "sluice-log");
}

Writer::~Writer() {
  deadline_ = Clock::now() + kLastWords;
  stopping_.store(true, std::memory_order_release);
  shared_->bell.ring();
  thread_.join();
}

void Writer::add(std::shared_ptr<Feed> feed) {
  const std::lock_guard lock(mutex_);
  new_feeds_.push_back(std::move(feed));
}

void Writer::replace_target(net::Fd target) {
  {
    const std::lock_guard lock(mutex_);
    new_target_ = std::move(target);
    has_new_target_.store(true, std::memory_order_release);
  }
  shared_->bell.ring();
}

void Writer::run() {
  while (true) {
    // Read before the rings are: what was pushed before the stop is written.
    const bool stopping = stopping_.load(std::memory_order_acquire);
    adopt_changes();
    const std::size_t lines = write_turn();
    if (stopping && (lines == 0 || is_past_deadline())) return;
    if (lines == 0) sleep();
  }
}

void Writer::adopt_changes() {
  std::optional<net::Fd> target;
  {
    const std::lock_guard lock(mutex_);
    std::move(new_feeds_.begin(), new_feeds_.end(), std::back_inserter(feeds_));
    new_feeds_.clear();
    target = std::exchange(new_target_, std::nullopt);
    has_new_target_.store(false, std::memory_order_relaxed);
  }
  if (!target) return;
  use_target(std::move(*target));
  is_new_target_ = true;
}

void Writer::use_target(net::Fd target) {
  target_ =
      std::make_shared<Target>(std::move(target), [this](int fd) { return wait_for_room(fd); });
  logger_.sinks() = {target_};
  logger_.set_pattern("%v", spdlog::pattern_time_type::utc);
}

std::size_t Writer::write_turn() {
  turn_refused_ = false;
  std::size_t lines = 0;
  std::erase_if(feeds_, [&](const std::shared_ptr<Feed>& feed) {
    lines += drain(*feed);
    return feed->closed.load(std::memory_order_acquire) && feed->ring.is_empty();
  });
  if (lines == 0 && !is_new_target_) return 0;
  is_new_target_ = false;
  logger_.flush();
  if (!turn_refused_) announce_losses();
  return lines;
}

std::size_t Writer::drain(Feed& feed) {
  std::size_t lines = 0;
  // What is left when a new target waits is for that one.
  while (lines < kLinesATurn && !has_new_target_.load(std::memory_order_acquire) &&
         feed.ring.pop(line_)) {
    logger_.log(spdlog::level::info, spdlog::string_view_t(line_));
    ++lines;
  }
  return lines;
}

void Writer::announce_losses() {
  const std::uint64_t lost = shared_->dropped.load(std::memory_order_relaxed) + refused();
  if (lost == announced_ || shared_->level.load(std::memory_order_relaxed) > config::LogLevel::warn)
    return;
  announcement_.begin(shared_->format.load(std::memory_order_relaxed), unix_ms(),
                      config::LogLevel::warn, "log lines dropped");
  announcement_.add_unsigned("count", lost - announced_);
  logger_.log(spdlog::level::warn, spdlog::string_view_t(announcement_.end()));
  logger_.flush();
  // If it was refused, it is not to be counted among the lines that the next one tells of.
  announced_ = turn_refused_ ? announced_ + 1 : lost;
}

void Writer::on_refused() {
  turn_refused_ = true;
  refused_.fetch_add(target_->take_refused(), std::memory_order_relaxed);
}

void Writer::sleep() {
  pollfd bell{shared_->bell.fd(), POLLIN, 0};
  ::poll(&bell, 1, kTickMs);
  shared_->bell.hush();
}

// Looks up every tick and does not hear the bell: while it rings unheard, ringing again is cheap.
bool Writer::wait_for_room(int fd) {
  while (!is_past_deadline()) {
    pollfd target{fd, POLLOUT, 0};
    ::poll(&target, 1, has_new_target_.load(std::memory_order_acquire) ? 0 : kTickMs);
    if (target.revents != 0) return true;
    if (has_new_target_.load(std::memory_order_acquire)) return false;
  }
  return false;
}

bool Writer::is_past_deadline() const {
  return stopping_.load(std::memory_order_acquire) && Clock::now() >= deadline_;
}

}  // namespace sluice::log
