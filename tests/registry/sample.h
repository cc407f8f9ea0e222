// Small configurations and moments for the registry's tests.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "registry/registry.h"

namespace sluice::registry::sample {

inline constexpr std::int64_t kWallStart = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

inline Now at(std::uint64_t mono_ms) {
  return {mono_ms, kWallStart + static_cast<std::int64_t>(mono_ms)};
}

inline config::Instance instance(std::string id, std::string address, std::uint32_t weight = 1) {
  config::Instance instance;
  instance.id = std::move(id);
  instance.address = std::move(address);
  instance.weight = weight;
  return instance;
}

inline config::Service service(std::string name, std::vector<config::Instance> instances) {
  config::Service service;
  service.name = std::move(name);
  service.instances = std::move(instances);
  return service;
}

inline config::Service unchecked(config::Service service) {
  service.check.type = config::CheckType::none;
  return service;
}

// `count` instances i0, i1, ... at 10.0.0.0/16.
inline std::vector<config::Instance> instances(std::size_t count) {
  std::vector<config::Instance> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(instance("i" + std::to_string(i), "10.0." + std::to_string(i / 250) + "." +
                                                        std::to_string(i % 250 + 1) + ":80"));
  }
  return all;
}

// The published value; fails the test if there is none.
inline std::shared_ptr<const Instance> look(Registry& registry, std::string_view service,
                                            std::string_view id) {
  const auto snapshot = registry.snapshot();
  const Service* in = snapshot->find(service);
  if (in != nullptr) {
    for (const auto& instance : in->instances) {
      if (*instance->id == id) return instance;
    }
  }
  throw std::runtime_error("no instance " + std::string(id) + " in " + std::string(service));
}

inline std::shared_ptr<Live> live(Registry& registry, std::string_view service,
                                  std::string_view id) {
  return look(registry, service, id)->live;
}

inline const Probe kPassed{true, "connected in 1 ms"};
inline const Probe kRefused{false, "connection refused"};

}  // namespace sluice::registry::sample
