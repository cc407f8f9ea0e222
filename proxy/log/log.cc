#include "proxy/log/log.h"

#include <stdexcept>
#include <utility>

#include "proxy/log/clock.h"
#include "proxy/log/feed.h"
#include "proxy/log/target.h"
#include "proxy/log/writer.h"

namespace sluice::log {

using config::LogLevel;

struct Log::State {
  explicit State(net::Fd target) : writer(shared, std::move(target)) {}

  void adopt(const config::Log& config) {
    shared->level.store(config.level, std::memory_order_relaxed);
    shared->format.store(config.format, std::memory_order_relaxed);
  }

  const std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  Writer writer;
};

Log::Log(const config::Log& config) : state_(std::make_unique<State>(open_target(config.target))) {
  state_->adopt(config);
}

Log::~Log() = default;

std::unique_ptr<Channel> Log::open_channel() {
  auto feed = std::make_shared<Feed>(state_->shared);
  state_->writer.add(feed);
  return std::unique_ptr<Channel>(new Channel(std::move(feed)));
}

std::string Log::reopen(const config::Log& config) try {
  state_->writer.replace_target(open_target(config.target));
  state_->adopt(config);
  return {};
} catch (const std::runtime_error& error) {
  return error.what();
}

std::uint64_t Log::dropped() const {
  return state_->shared->dropped.load(std::memory_order_relaxed);
}

std::uint64_t Log::failed() const {
  return state_->writer.refused();
}

Channel::Channel(std::shared_ptr<Feed> feed) : feed_(std::move(feed)) {}

Channel::~Channel() {
  feed_->closed.store(true, std::memory_order_release);
}

bool Channel::enabled(LogLevel level) const {
  return level >= feed_->shared->level.load(std::memory_order_relaxed) && level != LogLevel::off;
}

Line Channel::line(LogLevel level, std::string_view message) {
  return Line(*feed_, level, enabled(level), message);
}

Line::Line(Feed& feed, LogLevel level, bool enabled, std::string_view message)
    : feed_(feed), level_(level), enabled_(enabled) {
  if (!enabled_) return;
  feed_.text.begin(feed_.shared->format.load(std::memory_order_relaxed), unix_ms(), level, message);
}

Line::~Line() {
  if (!enabled_) return;
  Shared& shared = *feed_.shared;
  if (!feed_.ring.push(feed_.text.end())) shared.dropped.fetch_add(1, std::memory_order_relaxed);
  if (level_ >= LogLevel::warn || feed_.ring.is_past_half()) shared.bell.ring();
}

Line& Line::add(std::string_view key, std::string_view value) {
  if (enabled_) feed_.text.add(key, value);
  return *this;
}

Line& Line::add(std::string_view key, std::uint64_t value) {
  if (enabled_) feed_.text.add_unsigned(key, value);
  return *this;
}

Line& Line::add(std::string_view key, std::int64_t value) {
  if (enabled_) feed_.text.add_signed(key, value);
  return *this;
}

Line& Line::add(std::string_view key, bool value) {
  if (enabled_) feed_.text.add_bool(key, value);
  return *this;
}

Line& Line::add_ms(std::string_view key, std::uint64_t us) {
  if (enabled_) feed_.text.add_ms(key, us);
  return *this;
}

}  // namespace sluice::log
