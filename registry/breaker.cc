#include "registry/breaker.h"

#include <limits>

namespace sluice::registry {

namespace {

BreakerState at_rest(const config::Breaker& breaker) {
  return breaker.failures == 0 ? BreakerState::none : BreakerState::closed;
}

}  // namespace

BreakerMachine::BreakerMachine(const config::Breaker& breaker)
    : config_(breaker), state_(at_rest(breaker)) {}

bool BreakerMachine::failed(FailureRow row, std::uint64_t now_ms) {
  return state_ == BreakerState::closed && row.total() >= config_.failures && open(now_ms);
}

bool BreakerMachine::tried(bool went_well, std::uint64_t now_ms) {
  if (state_ != BreakerState::half_open) return false;
  if (!went_well) return open(now_ms);
  state_ = BreakerState::closed;
  return true;
}

bool BreakerMachine::advance(std::uint64_t now_ms) {
  if (state_ != BreakerState::open || now_ms < until_ms_) return false;
  state_ = BreakerState::half_open;
  return true;
}

bool BreakerMachine::reconfigure(const config::Breaker& breaker) {
  config_ = breaker;
  const bool was_off = state_ == BreakerState::none;
  const bool is_off = at_rest(breaker) == BreakerState::none;
  if (was_off != is_off) state_ = at_rest(breaker);
  return was_off != is_off;
}

std::uint64_t BreakerMachine::next_ms() const {
  return state_ == BreakerState::open ? until_ms_ : std::numeric_limits<std::uint64_t>::max();
}

bool BreakerMachine::open(std::uint64_t now_ms) {
  state_ = BreakerState::open;
  until_ms_ = now_ms + open_for_ms();
  return true;
}

}  // namespace sluice::registry
