// Instances that left rotation while connections may still be on them: how long those may go on.
//
// The connections of an instance that was removed, or went down, have a time from then. One that
// comes back under the same service, id and address before that is pardoned, with all its earlier
// incarnations: it is the same process, back in rotation. If it leaves again, the time starts anew.
// Pure: time is an argument. Control loop only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/endpoint.h"
#include "registry/live.h"

namespace sluice {

class Departures {
 public:
  // What those whose time is over are condemned for.
  explicit Departures(registry::Condemned verdict = registry::Condemned::instance_removed)
      : verdict_(verdict) {}

  // The instance left: its connections, and those of its earlier incarnations, may go on
  // until `due_ms`.
  void depart(std::shared_ptr<registry::Live> live, std::uint64_t due_ms);
  // It is in rotation, perhaps again.
  void arrive(const registry::Live& live);

  // Condemns the instances whose time is over, and forgets them. True if there were any.
  bool condemn_due(std::uint64_t now_ms);

  std::uint64_t next_ms() const;  // when the next time is over; UINT64_MAX: never
  std::size_t size() const { return departed_.size(); }

 private:
  using Key = std::tuple<std::string, std::string, config::Endpoint>;  // service, id, address
  struct Departed {
    std::vector<std::shared_ptr<registry::Live>> lives;
    std::uint64_t due_ms = 0;  // UINT64_MAX: pardoned
  };
  static Key key_of(const registry::Live& live);

  void set_due(const Key& key, Departed& departed, std::uint64_t due_ms);

  const registry::Condemned verdict_;
  std::map<Key, Departed> departed_;
  std::set<std::pair<std::uint64_t, Key>> due_;  // of those that are not pardoned
};

}  // namespace sluice
