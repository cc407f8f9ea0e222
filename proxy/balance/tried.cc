#include "proxy/balance/tried.h"

#include <algorithm>

namespace sluice::balance {

void Tried::add(const registry::Live* live) {
  if (contains(live)) return;
  tried_[next_] = live;
  next_ = static_cast<std::uint8_t>((next_ + 1) % kMax);
  if (size_ < kMax) ++size_;
}

bool Tried::contains(const registry::Live* live) const {
  return std::find(tried_, tried_ + size_, live) != tried_ + size_;
}

}  // namespace sluice::balance
