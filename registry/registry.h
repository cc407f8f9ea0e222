// The single-threaded authority on which instances exist and in which state each one is.
//
// Owned by the control loop; no method may be called from another thread. It holds no loop and
// reads no clock: every call that depends on time takes it. Readers on other threads get Snapshots;
// workers see health through Live's atomics, which are written here and nowhere else.
//
// Costs, with n instances in the registry: an observation that changes nothing and one that does
// are O(log n) both; a snapshot is O(instances) of the services that changed since the last one,
// however many changes there were, and shares all that did not.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "registry/roster.h"
#include "registry/snapshot.h"

namespace sluice::registry {

// One change of one instance, for the log and the journal; the first snapshot that shows it has
// this index or a later one. Kind `state` is a change of an input (admin, check, outlier) and
// mostly one of the effective state; where another input outweighs it, `from` and `to` are equal.
struct Change {
  enum class Kind : std::uint8_t { added, removed, updated, state } kind = Kind::state;
  std::uint64_t index = 0;
  std::int64_t wall_ms = 0;
  std::string service;
  std::string id;
  std::uint64_t incarnation = 0;
  std::string address;
  State from = State::up;  // the effective state before; of kind `added` the same as `to`
  State to = State::up;    // and after; of kind `removed` the last one
  // Why. Of kind `state` the input that changed: "check: connection refused", "admin: drain",
  // "outlier: ejection over". Of `added` the reason of the state it begins in. Of `updated` the
  // keys that changed: "weight, labels".
  std::string reason;
  friend bool operator==(const Change&, const Change&) = default;
};

// What a probe found. `detail` is for people: "connected in 1 ms", "connection refused".
struct Probe {
  bool success = false;
  std::string detail;
};

class Registry {
 public:
  // `epoch`: a text that no other life of this registry has had.
  explicit Registry(std::string epoch);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Makes the static instances those of `services`. An instance with the same service, id and
  // address stays the same incarnation: counts, health, ejections and the operator's word go on,
  // and its weight, labels and the rest are taken over. Another address under the same id is a new
  // incarnation and starts afresh, the operator's word included. Order means nothing; the journal
  // runs by service and id. Instances that leave keep their last verdict, for workers that have not
  // taken over a plan without them yet; their connections are not touched.
  //
  // An instance with a check begins as check.initial says, and those that are there at start
  // (`first`) and begin as `checking` are waited for: awaits_first_verdicts(). What a changed check
  // or outlier rule does to those that stay: CheckMachine and OutlierMachine::reconfigure().
  // Requires: a loaded configuration, i.e. valid addresses, names and ids that are unique.
  void reconcile(const std::vector<config::Service>& services, bool first, Now now);

  // Takes in a probe of this incarnation; a stale one (removed, replaced) is dropped. Returns
  // whether the verdict is changing, i.e. the next probe should come at the fast interval.
  bool checked(const Live& instance, const Probe& probe, Now now);

  // Takes in that an instance has failed `consecutive` connects in a row, and ejects it if the
  // outlier rule says so. Where ejection_limit() forbids it nothing changes; the next failure asks
  // again.
  void connect_failed(const Live& instance, std::uint32_t consecutive, Now now);

  // The operator's word. False: no such instance.
  bool set_admin(std::string_view service, std::string_view id, Admin admin, std::string reason,
                 Now now);

  // Ends ejections that are over, each with its count of failures set back to 0. To be called at or
  // after next_ms(); early is harmless.
  void advance(Now now);
  std::uint64_t next_ms() const;  // monotonic; UINT64_MAX: nothing is due

  // The current version; the same one when nothing changed since the last call.
  std::shared_ptr<const Snapshot> snapshot();
  // All changes since the last call, in order. They pile up until they are taken.
  std::vector<Change> take_changes();
  // True while an instance that was there at start has had no verdict yet.
  bool awaits_first_verdicts() const { return awaited_ > 0; }

 private:
  struct Due {  // the end of an ejection
    std::uint64_t at_ms;
    std::string service;
    std::string id;
    friend auto operator<=>(const Due&, const Due&) = default;
  };
  struct Place {  // where an instance is kept
    Roster& roster;
    Record& record;
  };

  // Making the static instances those of a configuration (reconcile.cc).
  void fit(Roster& roster, const config::Service& service, bool first, Now now);
  void drop(Roster& roster, Now now);
  void add(Roster& roster, Instance instance, bool first, Now now);
  void update(Place place, Instance wanted, Now now);
  void follow_rules(Place place, Now now);
  void remove(Place place, std::string reason, Now now);

  // What happens to instances, and how it is published (registry.cc).
  std::optional<Place> find(std::string_view service, std::string_view id);
  std::optional<Place> find(const Live& instance);
  void take_verdict(Place place, std::string reason, Now now);
  void eject(Place place, std::uint32_t consecutive, Now now);
  void end_ejection(Place place, Now now);
  void rejudge(Place place, Change::Kind kind, std::string reason, Now now);
  void note(Place place, Change::Kind kind, State from, std::string reason, Now now);
  void stop_awaiting(Record& record);
  static Due due(Place place);

  const std::string epoch_;
  std::map<std::string, Roster, std::less<>> rosters_;  // by service
  std::set<Due> due_;                                   // of the running ejections
  std::uint64_t index_ = 0;
  std::uint64_t incarnations_ = 0;  // given out so far
  std::size_t awaited_ = 0;         // records that are `awaited`
  std::vector<Change> changes_;
  std::shared_ptr<const Snapshot> snapshot_;  // of snapshot_->index; null before the first
};

}  // namespace sluice::registry
