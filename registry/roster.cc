#include "registry/roster.h"

namespace sluice::registry {

const std::shared_ptr<const Service>& Roster::publish() {
  if (published) return published;
  auto service = std::make_shared<Service>();
  service->name = name;
  service->index = index;
  service->topology = topology;
  service->instances.reserve(records.size());
  for (auto& [id, record] : records) {
    if (!record.published) record.published = std::make_shared<const Instance>(record.instance);
    service->instances.push_back(record.published);
  }
  published = std::move(service);
  return published;
}

}  // namespace sluice::registry
