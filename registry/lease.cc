#include "registry/lease.h"

#include <limits>

namespace sluice::registry {

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void Lease::renew(std::uint64_t ttl_ms, std::uint64_t now_ms) {
  *this = Lease();
  if (ttl_ms == 0) return;
  state_ = LeaseState::held;
  ttl_ms_ = ttl_ms;
  ends_ms_ = next_ms_ = now_ms + ttl_ms;
}

Lease::Due Lease::advance(std::uint64_t now_ms) {
  if (now_ms < next_ms()) return Due::nothing;
  if (state_ == LeaseState::expired) return Due::deletion;
  state_ = LeaseState::missed;
  doubted_ = true;
  return Due::doubt;
}

void Lease::support(std::uint64_t again_ms) {
  if (state_ != LeaseState::missed) return;
  doubted_ = false;
  next_ms_ = again_ms;
}

void Lease::expire(std::uint64_t delete_ms) {
  if (state_ != LeaseState::missed) return;
  state_ = LeaseState::expired;
  doubted_ = false;
  next_ms_ = delete_ms;
}

void Lease::postpone(std::uint64_t by_ms) {
  if (state_ == LeaseState::none) return;
  ends_ms_ += by_ms;
  next_ms_ += by_ms;
}

std::uint64_t Lease::next_ms() const {
  return state_ == LeaseState::none || doubted_ ? kNever : next_ms_;
}

}  // namespace sluice::registry
