// A service's instances as the registry keeps them: what can change, beside what was last
// published.
//
// Parts of the Registry, owned by it and used on its thread; nobody else includes this.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "registry/health.h"
#include "registry/snapshot.h"

namespace sluice::registry {

// One incarnation of one instance. `instance` is the truth as of now; `published` is the immutable
// copy of it that readers hold, null from a change until the next snapshot.
struct Record {
  Instance instance;
  CheckMachine check;
  OutlierMachine outlier;
  bool awaited = false;  // there at start, and without a verdict yet
  std::shared_ptr<const Instance> published;
};

struct Roster {
  explicit Roster(const config::Service& service)
      : name(service.name), check(service.check), outlier(service.outlier) {}

  // The current version; builds it anew if an instance changed since the last call, of which those
  // that did not change are shared.
  const std::shared_ptr<const Service>& publish();

  std::string name;
  config::Check check;
  config::Outlier outlier;
  std::map<std::string, Record, std::less<>> records;  // by id; their addresses are stable
  std::uint32_t ejected = 0;                           // of the records
  std::uint64_t index = 0;                             // as in Service
  std::uint64_t topology = 0;                          // as in Service
  std::shared_ptr<const Service> published;            // null: something changed
};

}  // namespace sluice::registry
