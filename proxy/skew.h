// Which instances of a service have more than their share of its connections. Pure.
//
// Among those who share are the eligible instances of the first priority that has any. With N
// connections over them, an instance of weight w (as far as it is warm) of W in all has the share
// N * w / W, and may have
//
//   ceil(N * w / W * (1 + max_skew)), and one in any case.
//
// What is above that is to go: clients that connect anew are given to the others, so that the
// service comes closer to its shares with each, and stops at the bound.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "registry/live.h"
#include "registry/snapshot.h"

namespace sluice {

struct Surplus {
  std::shared_ptr<registry::Live> live;
  std::uint32_t connections = 0;
  std::uint32_t allowed = 0;  // fewer
};

// In the order of the instances; none: everybody is within the bound.
std::vector<Surplus> surplus_of(const registry::Service& service, double max_skew);

}  // namespace sluice
