#include "registry/roster.h"

#include <utility>
#include <vector>

namespace sluice::registry {

Record::Record(Instance instance, CheckMachine check_machine, BreakerMachine breaker_machine)
    : check(check_machine),
      breaker(breaker_machine),
      instance_(std::make_shared<Instance>(std::move(instance))) {}

Instance& Record::edit() {
  if (std::exchange(is_published_, false)) instance_ = std::make_shared<Instance>(*instance_);
  return *instance_;
}

std::shared_ptr<const Instance> Record::publish() {
  is_published_ = true;
  return instance_;
}

Record* Roster::find(std::string_view id) {
  const auto at = records.find(id);
  return at != records.end() ? &at->second : nullptr;
}

Record* Roster::find(const config::Endpoint& address) const {
  const auto at = by_address.find(address);
  return at != by_address.end() ? *at : nullptr;
}

config::Frozen<config::Check> Roster::check_of(const Instance& instance) const {
  if (instance.own_check.empty()) return check;
  return instance.own_check->over(check, instance.ttl_ms != 0);
}

std::shared_ptr<const Service> Roster::publish() {
  auto service = std::make_shared<Service>();
  service->name = name;
  service->index = index;
  service->topology = topology;
  service->labelled = labelled;
  service->able = able;
  service->unable = unable;
  service->panics = panics;
  std::vector<Instances::Edit> edits;
  for (const config::Text& id : touched) {
    Record* const record = find(*id);
    edits.push_back({*id, record != nullptr ? record->publish() : nullptr});
  }
  shown.apply(edits);
  touched.clear();
  service->instances = shown;
  return service;
}

}  // namespace sluice::registry
