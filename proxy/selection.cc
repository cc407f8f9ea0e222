#include "proxy/selection.h"

#include <algorithm>

namespace sluice {

std::string selection_key(const std::string& service, const config::Selector& selector) {
  return selector.is_empty() ? service
                             : service + '{' + selector.text() + '}';  // no brace in names
}

std::string preferred_zone(const config::Balance& balance, const config::Registry& registry) {
  return balance.zone.prefer_local ? registry.zone : "";
}

std::vector<balance::Member> members_of(const registry::Service& service,
                                        const config::Selector& selector, const std::string& zone) {
  std::vector<balance::Member> members;
  members.reserve(service.instances.size());
  for (const auto& instance : service.instances) {
    if (!selector.matches(*instance->labels)) continue;
    const bool is_local = !zone.empty() && *instance->zone == zone;
    members.push_back({instance->live, instance->weight, instance->priority, is_local});
  }
  return members;
}

bool has_somebody(const registry::Snapshot& snapshot, const std::string& service,
                  const std::string& selector_text) {
  config::SelectorProblem problem;
  const auto selector = config::Selector::parse(selector_text, problem);
  const registry::Service* known = snapshot.find(service);
  if (known == nullptr || !selector) return false;
  return std::ranges::any_of(known->instances, [&](const auto& instance) {
    return instance->weight > 0 && selector->matches(*instance->labels) &&
           instance->live->verdict.load(std::memory_order_relaxed) != registry::Verdict::never;
  });
}

std::uint64_t topology_of(const registry::Service& service, const config::Selector& selector) {
  return selector.is_empty() ? service.topology : std::max(service.topology, service.labelled);
}

balance::Pick Selections::pick(const registry::Service& service, const config::Balance& balance,
                               const config::Selector& selector, const std::string& zone,
                               const std::string& client) {
  Selection& selection = find(selection_key(service.name, selector));
  const std::uint64_t topology = topology_of(service, selector);
  if (!selection.balancer || selection.topology != topology || selection.balance != balance ||
      selection.zone != zone) {
    selection.balancer = balance::make_balancer(balance, members_of(service, selector, zone));
    selection.topology = topology;
    selection.zone = zone;
    selection.balance = balance;
  }
  return selection.balancer->pick({client}, {}, selection.cursor);
}

Selections::Selection& Selections::find(const std::string& key) {
  const auto at = std::ranges::find(selections_, key, &Selection::key);
  if (at != selections_.end()) {
    selections_.splice(selections_.begin(), selections_, at);
  } else {
    if (selections_.size() == kMost) selections_.pop_back();
    selections_.emplace_front().key = key;
  }
  return selections_.front();
}

}  // namespace sluice
