#include "registry/snapshot.h"

#include <algorithm>

namespace sluice::registry {

const Instance* Service::find(std::string_view id) const {
  const auto at = std::lower_bound(instances.begin(), instances.end(), id,
                                   [](const std::shared_ptr<const Instance>& instance,
                                      std::string_view wanted) { return *instance->id < wanted; });
  return at != instances.end() && *(*at)->id == id ? at->get() : nullptr;
}

const Service* Snapshot::find(std::string_view name) const {
  return services.find(name).get();
}

}  // namespace sluice::registry
