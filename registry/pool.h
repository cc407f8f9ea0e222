// Values that many instances have in common, each kept once: zones, versions, labels.
//
// Owned by the registry, one thread. What nobody else holds any more is let go of when the pool has
// grown to twice what it was after the last look, so it is never much larger than what is in use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "config/frozen.h"

namespace sluice::registry {

template <class T>
class Pool {
 public:
  // The same value, shared with all that came this way.
  config::Frozen<T> share(const config::Frozen<T>& value) {
    if (value.empty()) return value;
    const auto [at, is_new] = values_.insert(value);
    const config::Frozen<T> shared = *at;
    if (is_new && values_.size() > limit_) tidy();
    return shared;
  }

  std::size_t size() const { return values_.size(); }

 private:
  static constexpr std::size_t kFew = 64;

  void tidy() {
    std::erase_if(values_, [](const config::Frozen<T>& value) { return value.holders() == 1; });
    limit_ = std::max(kFew, 2 * values_.size());
  }

  std::set<config::Frozen<T>> values_;
  std::size_t limit_ = kFew;
};

}  // namespace sluice::registry
