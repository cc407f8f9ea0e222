// Which instance takes a connection: one immutable Balancer per version of a service, one Cursor
// per worker and service for what a policy remembers between picks.
//
// A Balancer is built on the control loop (rings and tables included) and shared by all workers;
// health is not part of it: pick() reads each instance's verdict as it is at that moment, so an
// instance that goes down costs no rebuild. A member's priority and the verdicts give the order of
// search:
//   1. eligible and not tried, lowest priority number first;
//   2. ejected (last resort) and not tried;
//   3. eligible though tried;
//   4. ejected though tried.
// Eligible are also those whose breaker is half open, while they have a trial to give; the pick
// takes it, exactly over all workers.
// With zone.prefer_local, a priority's own-zone members are chosen from first, as long as
// zone.min_local of them are of the verdict sought, tried or not; if they are fewer, or none of
// them is left untried, all zones of that priority are; then comes the next priority. A member
// without a zone is local to nobody. Within each, the policy decides: hashing policies have a ring
// or table of the local ones besides. An instance whose verdict is `never` is never picked, nor is
// one of weight 0. While an instance warms up (Live::warmth, where the service has a slow start) it
// counts with a part of its weight, and nothing is built anew; `first` does not look at weights.
// Every walk has a step bound that depends on the number of members only.
//
// One that is at its limit (Live::limit) is passed over for others of its step, those of other
// zones and later priorities included, but not for a later step: where all that a step has are
// full, the search ends, and the connection had better wait for one of them than go to one that is
// ejected or has refused it. So a dead instance, which always has room, does not get what the
// living have no room for.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/balance/cursor.h"
#include "proxy/balance/member.h"
#include "proxy/balance/tried.h"
#include "registry/live.h"

namespace sluice::balance {

struct Key {
  // In text: its address as nginx's $remote_addr, or that and its port; "" for unix clients.
  std::string_view client;
};

struct Pick {
  const Member* member = nullptr;  // owned by the balancer; null: nobody
  registry::LoadToken token;       // counted as pending; on trial, if its instance takes those only
  bool tried = false;              // was among the tried ones: there was nobody else
  bool full = false;               // nobody was picked, for want of room: a place will do
  explicit operator bool() const { return member != nullptr; }
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // Chooses, counts the choice in the instance's load, and bumps its `selected`. Any worker, with
  // its own cursor. Least connections is exact over all workers: the count that decided is the one
  // that was raised (compare and swap), within a bounded number of tries. An
  // instance's limit is exact whatever the policy.
  virtual Pick pick(const Key& key, const Tried& tried, Cursor& cursor) const = 0;

  // Is there one that may be taken and is not among the tried ones? (Eligible or last resort, with
  // room or without.)
  virtual bool has_untried(const Tried& tried) const = 0;

  // What of the client a pick depends on. `nothing`: an empty key will do.
  enum class KeyIs : std::uint8_t { nothing, address, address_and_port };
  KeyIs key_is() const { return key_is_; }

  const std::vector<Member>& members() const { return members_; }

 protected:
  explicit Balancer(std::vector<Member> members);
  KeyIs key_is_ = KeyIs::nothing;
  const std::vector<Member> members_;  // by id
  const std::uint64_t version_;        // unique in this process, from 1
};

// In the order of their ids, in which balancers have them, so that reordering a file changes
// nothing.
std::vector<Member> by_id(std::vector<Member> members);

// Builds the balancer of a policy. Any number of members, none included. Requires: they are by id.
std::shared_ptr<const Balancer> make_balancer(const config::Balance& config,
                                              std::vector<Member> members);

}  // namespace sluice::balance
