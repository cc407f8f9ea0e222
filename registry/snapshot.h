// One immutable version of the registry. Values that cross threads: built by the control loop,
// shared by readers, never changed. Services that did not change are shared between versions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/directory.h"
#include "registry/instance.h"

namespace sluice::registry {

using Instances = Directory<Instance, &id_of>;

struct Service {
  std::string name;
  std::uint64_t index = 0;     // of the last change of anything in it
  std::uint64_t topology = 0;  // index of the last change that a balancer must be rebuilt for:
                               // membership, addresses, weights, priorities, zones; not health
  std::uint64_t labelled = 0;  // index of the last change of anybody's labels, by which selectors
                               // choose
  std::uint32_t able = 0;      // instances that are eligible of their own right ...
  std::uint32_t unable = 0;    // ... and that should be, and are not (Standing)
  bool panics = false;         // the able are so few that the unable are taken too
  Instances instances;

  const Instance* find(std::string_view id) const;  // null: none
};

using Services = Directory<Service, &Service::name>;

struct Snapshot {
  // Grows by one with each change of one instance; a service that comes or goes without instances
  // is one change too. 0: nothing has happened yet.
  std::uint64_t index = 0;
  std::string epoch;  // the registry's identity: an index that starts again has another epoch
  Services services;

  const Service* find(std::string_view name) const;  // null: none; as long as this snapshot lasts
};

}  // namespace sluice::registry
