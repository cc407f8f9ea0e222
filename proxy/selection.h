// Some of a service's instances, chosen by their labels: as a listener has them that has a
// selector, and as the API has them when it is asked for one of them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "config/selector.h"
#include "proxy/balance/balancer.h"
#include "registry/snapshot.h"

namespace sluice {

// What a plan calls it (Plan::upstreams): the service's name alone if all are chosen.
std::string selection_key(const std::string& service, const config::Selector& selector);

// The zone whose instances a service prefers; "": none.
std::string preferred_zone(const config::Balance& balance, const config::Registry& registry);

// `zone`: whose instances are local; "": nobody's.
std::vector<balance::Member> members_of(const registry::Service& service,
                                        const config::Selector& selector, const std::string& zone);

// Is there one that may be taken? By the words of a configuration, as Balancer::has_untried() has
// it.
bool has_somebody(const registry::Snapshot& snapshot, const std::string& service,
                  const std::string& selector);

// Grows whenever members_of() may answer something else.
std::uint64_t topology_of(const registry::Service& service, const config::Selector& selector);

// Balancers of selections that no listener has, made when they are asked for, and the turns taken
// in each. Keeps those that were asked for last: a ring or table may be large, and whoever may read
// can ask for many. One thread.
class Selections {
 public:
  static constexpr std::size_t kMost = 16;

  // As a listener with that selector picks for that client ("": nobody in particular). The pick
  // stands until the next call. `zone` as of members_of().
  balance::Pick pick(const registry::Service& service, const config::Balance& balance,
                     const config::Selector& selector, const std::string& zone,
                     const std::string& client);

 private:
  struct Selection {
    std::string key;
    std::uint64_t topology = 0;
    config::Balance balance;
    std::string zone;
    std::shared_ptr<const balance::Balancer> balancer;  // null: not made yet
    balance::Cursor cursor = balance::Cursor::seeded(0);
  };
  Selection& find(const std::string& key);

  std::list<Selection> selections_;  // asked for last: the first
};

}  // namespace sluice
