// The instances that one connection has been refused by so far. Holds pointers only; the session
// keeps the instances alive. Bounded: past kMax the oldest is forgotten. Belongs to one session.
#pragma once

#include <cstddef>
#include <cstdint>

#include "registry/live.h"

namespace sluice::balance {

class Tried {
 public:
  static constexpr std::size_t kMax = 16;

  void add(const registry::Live* live);  // one that is known already is not counted twice
  bool contains(const registry::Live* live) const;
  bool empty() const { return size_ == 0; }

 private:
  const registry::Live* tried_[kMax] = {};
  std::uint8_t size_ = 0;
  std::uint8_t next_ = 0;  // where the next one goes, over the oldest once all places are taken
};

}  // namespace sluice::balance
