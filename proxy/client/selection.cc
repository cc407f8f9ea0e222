#include "proxy/client/selection.h"

#include <algorithm>
#include <utility>

namespace sluice::client {
namespace {

config::Balance rules_of(Discoverer::Policy policy) {
  static constexpr config::Policy kPolicies[] = {
      config::Policy::least_connections,
      config::Policy::p2c,
      config::Policy::round_robin,
      config::Policy::random,
      config::Policy::first,
      config::Policy::hash,
      config::Policy::maglev,
  };
  config::Balance rules;
  rules.policy = kPolicies[static_cast<std::size_t>(policy)];
  return rules;
}

config::Endpoint endpoint_of(const Instance& instance) {
  std::string why;
  if (instance.address.starts_with("unix:")) {
    return config::Endpoint::parse(instance.address, why).value_or(config::Endpoint());
  }
  auto endpoint = config::Endpoint::parse_ip(instance.address, why).value_or(config::Endpoint());
  endpoint.port = instance.port;
  return endpoint;
}

registry::Verdict registrys(Verdict verdict) {
  static constexpr registry::Verdict kOfRegistry[] = {
      registry::Verdict::never, registry::Verdict::last_resort, registry::Verdict::eligible};
  return kOfRegistry[static_cast<std::size_t>(verdict)];
}

const balance::Member* find(const std::vector<balance::Member>& by_id, const std::string& id) {
  const auto found = std::lower_bound(by_id.begin(), by_id.end(), id,
                                      [](const balance::Member& member, const std::string& wanted) {
                                        return member.id() < wanted;
                                      });
  return found == by_id.end() || found->id() != id ? nullptr : &*found;
}

// With the counts that it has among `before`.
balance::Member member_of(const Instance& instance, const std::vector<balance::Member>& before) {
  const config::Endpoint address = endpoint_of(instance);
  const balance::Member* known = find(before, instance.id);
  std::shared_ptr<registry::Live> live;
  if (known != nullptr && known->address() == address) {
    live = known->live;
  } else {
    live = std::make_shared<registry::Live>(
        registry::Identity{"", instance.id, instance.incarnation, address});
  }
  return {std::move(live), instance.weight, instance.priority};
}

}  // namespace

// Not worker 0, whose turns begin at the beginning: programs that start together would all begin
// with the same instance.
Selection::Selection(Discoverer::Policy policy)
    : rules_(rules_of(policy)),
      balancer_(balance::make_balancer(rules_, {})),
      cursor_(balance::Cursor::seeded(1)) {}

void Selection::show(Entries entries) {
  std::vector<balance::Member> members;
  Topology topology;
  for (const auto& entry : entries) {
    members.push_back(member_of(*entry, members_));
    topology.emplace_back(members.back().live.get(), entry->weight, entry->priority);
  }
  std::shared_ptr<const balance::Balancer> rebuilt;
  if (topology != topology_) rebuilt = balance::make_balancer(rules_, members);
  members_ = std::move(members);
  topology_ = std::move(topology);

  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    members_[i].live->verdict.store(registrys(entries[i]->verdict), std::memory_order_relaxed);
  }
  entries_ = std::move(entries);
  if (rebuilt) balancer_ = std::move(rebuilt);
}

Selection::Entries Selection::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

Selection::Choice Selection::pick(std::string_view key, const std::vector<std::string>& tried) {
  const std::lock_guard lock(mutex_);
  const std::vector<balance::Member>& members = balancer_->members();
  balance::Tried passed_over;
  for (const std::string& id : tried) {
    if (const balance::Member* member = find(members, id)) passed_over.add(member->live.get());
  }
  balance::Pick pick = balancer_->pick({key}, passed_over, cursor_);
  if (!pick) return {};
  const auto place = static_cast<std::size_t>(pick.member - members.data());
  return {entries_[place], std::move(pick.token)};
}

}  // namespace sluice::client
