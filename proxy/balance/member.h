// An instance as a balancer sees it: the live counters it reads and raises, and what the registry
// said about its share and rank when this version of the service was made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/endpoint.h"
#include "registry/live.h"

namespace sluice::balance {

struct Member {
  std::shared_ptr<registry::Live> live;  // never null
  std::uint32_t weight = 1;              // 0 takes nothing; all of it, warm or not
  std::uint32_t priority = 0;            // lower goes first
  bool is_local = false;                 // stands in this proxy's own zone
  const std::string& id() const { return *live->identity.id; }
  const config::Endpoint& address() const { return live->identity.address; }
};

}  // namespace sluice::balance
