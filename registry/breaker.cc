#include "registry/breaker.h"

#include <limits>

namespace sluice::registry {

namespace {

BreakerState at_rest(const config::Breaker& breaker) {
  return breaker.failures == 0 ? BreakerState::none : BreakerState::closed;
}

}  // namespace

BreakerMachine::BreakerMachine(const config::Breaker& rule) : state_(at_rest(rule)) {}

bool BreakerMachine::failed(const config::Breaker& rule, FailureRow row, std::uint64_t now_ms) {
  return state_ == BreakerState::closed && row.total() >= rule.failures && open(rule, now_ms);
}

bool BreakerMachine::tried(const config::Breaker& rule, bool went_well, std::uint64_t now_ms) {
  if (state_ != BreakerState::half_open) return false;
  if (!went_well) return open(rule, now_ms);
  state_ = BreakerState::closed;
  return true;
}

bool BreakerMachine::advance(std::uint64_t now_ms) {
  if (state_ != BreakerState::open || now_ms < until_ms_) return false;
  state_ = BreakerState::half_open;
  return true;
}

bool BreakerMachine::reconfigure(const config::Breaker& rule) {
  const bool was_off = state_ == BreakerState::none;
  const bool is_off = at_rest(rule) == BreakerState::none;
  if (was_off != is_off) state_ = at_rest(rule);
  return was_off != is_off;
}

std::uint64_t BreakerMachine::next_ms() const {
  return state_ == BreakerState::open ? until_ms_ : std::numeric_limits<std::uint64_t>::max();
}

bool BreakerMachine::open(const config::Breaker& rule, std::uint64_t now_ms) {
  state_ = BreakerState::open;
  until_ms_ = now_ms + static_cast<std::uint64_t>(rule.open_for.count());
  return true;
}

}  // namespace sluice::registry
