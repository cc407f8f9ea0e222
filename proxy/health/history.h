// The last results of one instance's checks: 240 bytes from the first one on, and the texts of
// those that failed, each of them once. A value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/frozen.h"

namespace sluice::health {

struct CheckResult {
  std::uint64_t ended_ms = 0;  // monotonic
  std::uint64_t duration_us = 0;
  config::Text failure;  // why it failed; "": it passed
  friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

class History {
 public:
  static constexpr std::size_t kKept = 10;

  // Requires: a failure has a reason.
  void add(std::uint64_t ended_ms, std::uint64_t duration_us, std::string_view failure);
  std::vector<CheckResult> results() const;  // oldest first

 private:
  std::vector<CheckResult> kept_;
  std::size_t oldest_ = 0;  // once as many are kept as may be
};

}  // namespace sluice::health
