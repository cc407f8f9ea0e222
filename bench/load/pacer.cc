#include "bench/load/pacer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::bench {

namespace {

constexpr Nanoseconds kFinest = 1'000'000;  // as often as a timer is worth its cost

}  // namespace

Pacer::Pacer(Poll& poll, double rate, Due due)
    : due_(std::move(due)),
      gap_(nanoseconds(1 / rate)),
      next_(now()),
      random_(static_cast<std::minstd_rand::result_type>(next_)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (!timer_) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  poll.add(timer_.get(), EPOLLIN, *this);
  arm();
}

void Pacer::arm() {
  const Nanoseconds tick = std::max(gap_, kFinest);
  const Nanoseconds wait = std::uniform_int_distribution(tick / 2, tick + tick / 2)(random_);
  itimerspec once{};
  once.it_value.tv_sec = static_cast<time_t>(wait / 1'000'000'000);
  once.it_value.tv_nsec = static_cast<long>(wait % 1'000'000'000);
  ::timerfd_settime(timer_.get(), 0, &once, nullptr);
}

void Pacer::on_events(std::uint32_t) {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const auto got = ::read(timer_.get(), &expirations, sizeof expirations);
  arm();
  for (const Nanoseconds at = now(); next_ <= at; next_ += gap_) due_(next_);
}

}  // namespace sluice::bench
