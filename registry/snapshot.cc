#include "registry/snapshot.h"

namespace sluice::registry {

const Instance* Service::find(std::string_view id) const {
  return instances.find(id).get();
}

const Service* Snapshot::find(std::string_view name) const {
  return services.find(name).get();
}

}  // namespace sluice::registry
