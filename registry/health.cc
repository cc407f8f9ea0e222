#include "registry/health.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace sluice::registry {

namespace {

std::string counted(std::uint32_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string words(FailureRow row) {
  const std::string connects = counted(row.connects, "connect failure");
  const std::string closes = counted(row.early_closes, "early close");
  if (row.early_closes == 0) return connects + " in a row";
  return (row.connects == 0 ? "" : connects + " and ") + closes + " in a row";
}

CheckMachine::CheckMachine(const config::Check& check, CheckState start)
    : rise_(check.rise), fall_(check.fall), state_(start) {}

bool CheckMachine::observe(bool success) {
  if (state_ == CheckState::none) return false;
  const CheckState seen = success ? CheckState::up : CheckState::down;
  if (seen == state_) {
    against_ = 0;
    return false;
  }
  const std::uint32_t needed = success ? rise_ : fall_;
  if (++against_ < needed && state_ != CheckState::checking) return false;
  state_ = seen;
  against_ = 0;
  return true;
}

bool CheckMachine::is_changing() const {
  return state_ == CheckState::checking || against_ > 0;
}

void CheckMachine::reconfigure(const config::Check& check) {
  rise_ = check.rise;
  fall_ = check.fall;
  if (check.type == config::CheckType::none) {
    state_ = CheckState::none;
    against_ = 0;
  } else if (state_ == CheckState::none) {
    state_ = CheckState::up;
  }
}

bool suspects(const config::Outlier& rule, FailureRow row) {
  return rule.consecutive > 0 && row.total() >= rule.consecutive;
}

std::uint64_t OutlierMachine::eject(const config::Outlier& rule, std::uint64_t now_ms) {
  assert(!ejected_);
  forgive(rule, now_ms);
  const auto base = static_cast<std::uint64_t>(rule.base.count());
  const auto longest = static_cast<std::uint64_t>(std::max(rule.base, rule.max).count());
  if (ejections_ == 0 || base * ejections_ < longest) ++ejections_;
  ejected_ = true;
  until_ms_ = now_ms + std::min(base * ejections_, longest);
  return until_ms_;
}

bool OutlierMachine::advance(std::uint64_t now_ms) {
  if (!ejected_ || now_ms < until_ms_) return false;
  ejected_ = false;
  return true;
}

std::uint64_t OutlierMachine::next_ms() const {
  return ejected_ ? until_ms_ : std::numeric_limits<std::uint64_t>::max();
}

void OutlierMachine::forgive(const config::Outlier& rule, std::uint64_t now_ms) {
  const auto base = static_cast<std::uint64_t>(rule.base.count());
  const std::uint64_t clean = base == 0 ? ejections_ : (now_ms - until_ms_) / base;
  ejections_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(clean, ejections_));
}

bool may_eject(const config::Outlier& outlier, std::uint32_t members, std::uint32_t ejected,
               std::uint32_t left) {
  if (outlier.max_percent == 0 || left < outlier.keep_at_least) return false;
  const std::uint64_t share = std::uint64_t{members} * outlier.max_percent / 100;
  return ejected < std::max<std::uint64_t>(share, 1);
}

}  // namespace sluice::registry
