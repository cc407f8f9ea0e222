// Instances that were removed while connections may still be on them: how long those may go on.
//
// A removed instance's connections have `drain` from its removal. One that comes back under the
// same service, id and address before that is pardoned, with all its earlier incarnations: it is
// the same process, back in rotation. If it is removed again, the time starts anew. Pure: time is
// an argument. Control loop only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "config/config.h"
#include "registry/snapshot.h"

namespace sluice {

class Departures {
 public:
  // Notes what is in `before` and no more in `after`, and pardons what is in `after` again.
  // `drain_of` answers on_remove.drain of a service as it was configured before.
  void note(const registry::Snapshot& before, const registry::Snapshot& after,
            const std::function<config::Duration(const std::string& service)>& drain_of,
            std::uint64_t now_ms);

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
  static bool has(const registry::Snapshot& snapshot, const Key& key);

  std::map<Key, Departed> departed_;
};

}  // namespace sluice
