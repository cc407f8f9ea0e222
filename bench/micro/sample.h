// Services of any size to measure with.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "proxy/balance/balancer.h"
#include "registry/registry.h"

namespace sluice::bench {

inline constexpr int kFew = 3;
inline constexpr int kMany = 10'000;

// "10.1.0.0:80", "10.1.0.1:80" ...; up to 65536 of them.
inline std::string address(std::size_t i) {
  return "10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ":80";
}

// Without checks, so that every instance is up from the start.
inline config::Service service(std::size_t instances,
                               config::Policy policy = config::Policy::least_connections) {
  config::Service service;
  service.name = "service";
  service.balance.policy = policy;
  service.check.type = config::CheckType::none;
  for (std::size_t i = 0; i < instances; ++i) {
    config::Instance& instance = service.instances.emplace_back();
    instance.address = instance.id = address(i);
  }
  return service;
}

inline std::vector<balance::Member> members_of(const registry::Snapshot& snapshot) {
  std::vector<balance::Member> members;
  for (const auto& instance : snapshot.find("service")->instances) {
    members.push_back({instance->live, instance->weight, instance->priority});
  }
  return members;
}

// As the workers see them at the start: nobody has a connection.
inline std::vector<balance::Member> members(std::size_t count) {
  registry::Registry registry("bench");
  registry.reconcile({service(count)}, true, {});
  return members_of(*registry.snapshot());
}

}  // namespace sluice::bench
