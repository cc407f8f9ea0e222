#include "registry/access/rate.h"

#include <cassert>
#include <limits>

#include "config/cidr.h"

namespace sluice::access {
namespace {

constexpr std::uint64_t kOne = 1000;  // thousandths
constexpr std::size_t kLookedAt = 8;  // for one to go

std::uint64_t capacity(const Rate& rate) {
  return rate.burst * kOne;
}

// Across a wrap; 0 if `now` is before `then`.
std::uint64_t elapsed(std::uint64_t then, std::uint64_t now) {
  const std::uint64_t forward = now - then;
  return forward > std::numeric_limits<std::uint64_t>::max() / 2 ? 0 : forward;
}

}  // namespace

TokenBucket::TokenBucket(const Rate& rate, std::uint64_t now_ms)
    : rate_(rate), level_(capacity(rate)), last_ms_(now_ms) {}

std::uint64_t TokenBucket::level(std::uint64_t now_ms) const {
  const std::uint64_t missing = capacity(rate_) - level_;
  if (missing == 0 || rate_.per_second == 0) return level_;
  const std::uint64_t passed = elapsed(last_ms_, now_ms);
  if (passed > missing / rate_.per_second) return capacity(rate_);
  return level_ + passed * rate_.per_second;
}

bool TokenBucket::take(std::uint64_t now_ms) {
  level_ = level(now_ms);
  last_ms_ += elapsed(last_ms_, now_ms);
  if (level_ < kOne) return false;
  level_ -= kOne;
  return true;
}

std::uint64_t TokenBucket::wait_ms(std::uint64_t now_ms) const {
  const std::uint64_t there = level(now_ms);
  if (there >= kOne) return 0;
  if (rate_.per_second == 0 || rate_.burst == 0) return std::numeric_limits<std::uint64_t>::max();
  return (kOne - there + rate_.per_second - 1) / rate_.per_second;
}

bool TokenBucket::is_full(std::uint64_t now_ms) const {
  return level(now_ms) == capacity(rate_);
}

SourceRates::SourceRates(const Rate& rate, std::size_t max_sources)
    : rate_(rate), max_sources_(max_sources) {
  assert(max_sources > 0);
}

bool SourceRates::take(std::string_view source, std::uint64_t now_ms) {
  return bucket_of(source, now_ms).take(now_ms);
}

std::uint64_t SourceRates::wait_ms(std::string_view source, std::uint64_t now_ms) const {
  const auto found = by_name_.find(source);
  if (found == by_name_.end()) return TokenBucket(rate_, now_ms).wait_ms(now_ms);
  return found->second->bucket.wait_ms(now_ms);
}

TokenBucket& SourceRates::bucket_of(std::string_view source, std::uint64_t now_ms) {
  const auto found = by_name_.find(source);
  if (found != by_name_.end()) {
    sources_.splice(sources_.begin(), sources_, found->second);
  } else {
    make_room(now_ms);
    sources_.push_front({std::string(source), TokenBucket(rate_, now_ms)});
    by_name_.emplace(sources_.front().name, sources_.begin());
  }
  return sources_.front().bucket;
}

void SourceRates::make_room(std::uint64_t now_ms) {
  if (sources_.size() < max_sources_) return;
  auto leaving = std::prev(sources_.end());
  auto candidate = sources_.end();
  for (std::size_t i = 0; i < kLookedAt && candidate != sources_.begin(); ++i) {
    --candidate;
    if (!candidate->bucket.is_full(now_ms)) continue;
    leaving = candidate;
    break;
  }
  by_name_.erase(leaving->name);
  sources_.erase(leaving);
}

std::string source_of(const config::Endpoint& client) {
  if (client.family == config::Endpoint::Family::unix_path) return "unix";
  return config::Cidr::around(client, 32, 64).text();
}

}  // namespace sluice::access
