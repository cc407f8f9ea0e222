#include "proxy/health/history.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::health {

void History::add(std::uint64_t ended_ms, std::uint64_t duration_us, std::string_view failure) {
  CheckResult result{ended_ms, duration_us, {}};
  if (!failure.empty()) {
    const auto said = std::ranges::find_if(
        kept_, [failure](const CheckResult& kept) { return *kept.failure == failure; });
    result.failure = said != kept_.end() ? said->failure : config::Text(std::string(failure));
  }
  if (kept_.size() == kKept) {
    kept_[std::exchange(oldest_, (oldest_ + 1) % kKept)] = std::move(result);
    return;
  }
  if (kept_.empty()) kept_.reserve(kKept);
  kept_.push_back(std::move(result));
}

std::vector<CheckResult> History::results() const {
  std::vector<CheckResult> results = kept_;
  std::ranges::rotate(results, results.begin() + static_cast<std::ptrdiff_t>(oldest_));
  return results;
}

}  // namespace sluice::health
