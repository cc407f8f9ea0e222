// The single-threaded authority on which instances exist and in which state each one is.
//
// Owned by the control loop; no method may be called from another thread. It holds no loop and
// reads no clock: every call that depends on time takes it. Readers on other threads get Snapshots;
// workers see health through Live's atomics, which are written here and nowhere else.
//
// Instances are static (the operator's, reconcile()) or registered (their own word, enroll()). What
// one call changes is seen in six lists, which the owner takes when it likes, each in the order of
// what happened: changes for the journal, entries for the store, instances that left, leases that
// are in doubt, panics, and snapshot().
//
// Costs, with n instances in the registry: an observation, a registration and a report are
// O(log n); a snapshot is O(instances) of the services that changed since the last one, however
// many changes there were, and shares all that did not.
//
//   registry.cc       what is observed, the operator's word, publishing
//   reconcile.cc      static instances
//   registrations.cc  registered ones
//   warming.cc        slow starts
//   leases.cc         what becomes of those that report no more
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
#include <tuple>
#include <utility>
#include <vector>

#include "config/config.h"
#include "registry/access/bounds.h"
#include "registry/pool.h"
#include "registry/registration.h"
#include "registry/roster.h"
#include "registry/snapshot.h"

namespace sluice::registry {

// One change of one instance, for the log and the journal; the first snapshot that shows it has
// this index or a later one. Kind `state` is a change of an input (admin, lease, check, ...) and
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
  std::shared_ptr<const Instance> instance;  // as the change left it; of `removed` the last of it
  friend bool operator==(const Change&, const Change&) = default;
};

// What a probe found. `detail` is for people: "connected in 1 ms", "connection refused".
struct Probe {
  bool success = false;
  std::string detail;
};

// What is to be remembered beyond the process: a registered instance as it is now, or that there is
// none any more; and the operator's word on any instance.
struct Memo {
  enum class Kind : std::uint8_t { registration, admin } kind = Kind::registration;
  std::string service;
  std::string id;
  std::shared_ptr<const Instance> instance;  // null: the entry is to be erased
};

// An instance that left: no new connection goes there, those that it has are drained.
struct Departed {
  std::shared_ptr<Live> live;
  std::optional<config::Duration> drain;  // none: the service's on_remove.drain
};

// A lease that ended. Whoever takes it finds out whether the instance is there all the same, and
// answers once with vouch() or give_up(), also when it cannot find out.
struct Doubt {
  std::shared_ptr<Live> live;
};

// A service begins or ceases to take all its instances: less than balance.panic.threshold of them
// is eligible. Every instance that is not apart (Standing) has the verdict `eligible` then,
// whatever keeps it away; its state stays what it is, and its reason says so. Before the instances
// of the start have had their first verdicts, no panic begins.
struct Panic {
  std::string service;
  bool begins = false;
  std::uint32_t able = 0, unable = 0;  // as in Service
};

class Registry {
 public:
  // Advancing may come this late before it counts as a stall of our own (own_lag_guard).
  static constexpr std::uint64_t kMostLagMs = 1000;
  // So much falls due in one advance().
  static constexpr std::size_t kMostAtOnce = 64;

  // `epoch`: a text that no other life of this registry has had.
  explicit Registry(std::string epoch, config::Registry rules = {});
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // --- Static instances

  // Makes the static instances those of `services`. An instance with the same service, id and
  // address stays the same incarnation: counts, health, ejections and the operator's word go on,
  // and its weight, labels and the rest are taken over. Another address under the same id is a new
  // incarnation and starts afresh, the operator's word included. Order means nothing; the journal
  // runs by service and id. Instances that leave are a last resort for workers that have not taken
  // over a plan without them yet; their connections are not touched.
  //
  // Registered instances stay, but for those of services that are no longer configured and those
  // whose id or address a static one takes.
  //
  // An instance that comes, other than those of the start (`first`), and one that comes back from
  // being down, warms up where the service has a slow start: its effective state is `warming`, its
  // verdict `eligible`, and Live::warmth grows. A changed rule holds for who is warming already.
  //
  // An instance with a check begins as check.initial says, and those that are there at start
  // (`first`) and begin as `checking` are waited for: awaits_first_verdicts(). What a changed check
  // does to those that stay: CheckMachine::reconfigure(); an ejection that runs keeps its end. Of a
  // check that an instance brought along only what it does not say changes.
  // Requires: a loaded configuration, i.e. valid addresses, names and ids that are unique.
  void reconcile(const std::vector<config::Service>& services, bool first, Now now);

  // The rules for what comes from here on; running leases and suppressions keep their ends.
  void reconfigure(config::Registry rules) { rules_ = std::move(rules); }

  // --- Registered instances

  // Registers, or renews: the same address under the same id is the same incarnation, whose weight,
  // labels, check and the rest are taken over; another one is a new incarnation, and the old one
  // departs. Another registered instance at this address departs as well (superseded). Where
  // `creates` is said, an id that exists is a fault. Faults change nothing.
  Receipt enroll(const Registration& registration, bool creates, Now now);
  // A report. Renews the lease; weight, load and status are taken over.
  Receipt beat(std::string_view service, std::string_view id, const Beat& beat, Now now);
  // Deregisters. `incarnation`: only that one or a younger one.
  Receipt leave(std::string_view service, std::string_view id,
                std::optional<std::uint64_t> incarnation, std::optional<config::Duration> drain,
                Now now);
  // An instance as it was stored by another life of this registry, before any other call but the
  // first reconcile(): the same incarnation, a full ttl ahead. False: there is no such service, or
  // a static instance stands in its way. It is waited for like a static one of the start.
  bool restore(const Registration& registration, std::uint64_t incarnation, Now now);
  // How many there are already, for a registration that would add one; nothing if it would only
  // renew or replace another.
  std::optional<access::Bounds::Held> held(const Registration& registration) const;
  // No incarnation given out from here on is this one or an older one.
  void keep_incarnations_above(std::uint64_t incarnation);
  std::uint64_t last_incarnation() const { return incarnations_; }

  // --- What is observed

  // Takes in a probe of this incarnation; a stale one (removed, replaced) is dropped. Returns
  // whether the verdict is changing, i.e. the next probe should come at the fast interval.
  bool checked(const Live& instance, const Probe& probe, Now now);

  // Takes in that an instance has failed so often in a row, and ejects it if the outlier rule says
  // so; where may_eject() forbids it nothing changes, and the next failure asks again. Its
  // breaker opens if that has seen enough.
  void failed(const Live& instance, FailureRow row, Now now);

  // Takes in how a trial of an instance whose breaker is half open has gone.
  void tried(const Live& instance, bool went_well, Now now);

  // The answers to a Doubt: it is there; it is not, and why we think so.
  void vouch(const Live& instance, Now now);
  void give_up(const Live& instance, const std::string& why, Now now);

  // The operator's word, on static instances as well.
  Receipt say(std::string_view service, std::string_view id, Admin admin, std::string reason,
              Now now);
  // The same; false: no such instance.
  bool set_admin(std::string_view service, std::string_view id, Admin admin, std::string reason,
                 Now now);

  // Ends ejections, breaks, leases, suppressions and slow starts that are over, kMostAtOnce of
  // them: where there are more, next_ms() says that they are due still, so that their end,
  // published by its parts, holds up nobody. To be called at or after next_ms(); early is harmless,
  // and late by more than kMostLagMs puts off every lease by as much.
  void advance(Now now);
  std::uint64_t next_ms() const;  // monotonic; UINT64_MAX: nothing is due

  // --- What follows from it

  // The current version; the same one when nothing changed since the last call.
  std::shared_ptr<const Snapshot> snapshot();
  // All since the last call, in order. They pile up until they are taken.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  std::vector<Memo> take_memos() { return std::exchange(memos_, {}); }
  std::vector<Departed> take_departed() { return std::exchange(departed_, {}); }
  std::vector<Doubt> take_doubts() { return std::exchange(doubts_, {}); }
  std::vector<Panic> take_panics() { return std::exchange(panics_, {}); }
  // True while an instance that was there at start has had no verdict yet.
  bool awaits_first_verdicts() const { return awaited_ > 0; }

 private:
  struct Place {  // where an instance is kept
    Roster& roster;
    Record& record;
  };
  // What an instance waits for; at the same time service by service, so that what ends together is
  // published together. Of leases, `at_ms` may be earlier than what the lease says: a
  // report prolongs the lease alone.
  struct Due {
    enum class Kind : std::uint8_t { ejection, lease, flap, warming, breaker };
    std::uint64_t at_ms;
    std::uint64_t incarnation;
    Kind kind;
    Roster* roster;
    Record* record;
    friend bool operator<(const Due& a, const Due& b) {
      if (a.at_ms != b.at_ms) return a.at_ms < b.at_ms;
      if (a.roster != b.roster) return *a.roster->name < *b.roster->name;
      return std::tie(a.incarnation, a.kind) < std::tie(b.incarnation, b.kind);
    }
  };

  // Making the static instances those of a configuration (reconcile.cc).
  void fit(Roster& roster, const config::Service& service, bool first, Now now);
  void make_room(Roster& roster, const Instance& wanted, Now now);
  void drop(Roster& roster, Now now);
  Place add(Roster& roster, Instance instance, std::uint64_t incarnation, bool first, Now now);
  void share(Instance& instance);
  void update(Place place, Instance wanted, Now now);
  void follow_rules(Place place, Now now);
  void remove(Place place, std::string reason, std::optional<config::Duration> drain, Now now);

  // Registered instances (registrations.cc).
  Receipt renew(Place place, const Registration& registration, std::uint64_t ttl_ms, Now now);
  Receipt receipt(Place place, bool created) const;
  Receipt unknown(std::string_view service, std::string_view id) const;
  void take_status(Place place, State status, Now now);
  void hold_lease(Place place, std::uint64_t ttl_ms, Now now);
  void schedule_lease(Place place);
  void count_in(Place place);
  void count_out(Place place);
  void remember(Place place);
  void forget(Place place);

  // Leases (leases.cc).
  void on_lease_due(Place place, Now now);
  void doubt(Place place, Now now);
  bool is_preserving(Roster& roster, Now now) const;
  void set_lease_state(Place place, std::string reason, Now now);
  void postpone(std::uint64_t by_ms);
  void note_down(Place place, Now now);
  void end_suppression(Place place, Now now);

  // What happens to instances, and how it is published (registry.cc).
  std::optional<Place> find(std::string_view service, std::string_view id);
  std::optional<Place> find(const Live& instance);
  void take_verdict(Place place, std::string reason, Now now);
  void eject(Place place, FailureRow row, Now now);
  void end_ejection(Place place, Now now);
  void take_breaker(Place place, const std::string& why, Now now);
  void rejudge(Place place, Change::Kind kind, std::string reason, Now now);
  void note(Place place, Change::Kind kind, State from, std::string reason, Now now);
  void stop_awaiting(Record& record, Now now);
  bool follow_warming(Place place, Now now);
  void warm_up(Place place, Now now);
  void stop_warming(Place place);
  void take_standing(Place place, Standing standing);
  void follow_panic(Roster& roster, Now now);
  void schedule(Place place, Due::Kind kind, std::uint64_t at_ms);
  void unschedule(Place place);
  void note_service(const Roster& roster);

  const std::string epoch_;
  config::Registry rules_;
  std::map<std::string, Roster, std::less<>> rosters_;  // by service
  std::set<std::string, std::less<>> changed_;          // services, since the last snapshot
  Pool<std::string> texts_;                             // that instances have in common
  Pool<config::Labels> labels_;
  Pool<config::OwnCheck> own_checks_;
  std::set<Due> due_;
  std::uint64_t advanced_ms_ = 0;                             // the last advance(); 0: none yet
  std::uint64_t leases_ = 0;                                  // records that have one
  std::size_t registered_ = 0;                                // instances that registered, in all
  std::size_t crowded_ = 0;                                   // services that have such instances
  std::map<std::string, std::size_t, std::less<>> by_owner_;  // of them, by token
  std::uint64_t index_ = 0;
  std::uint64_t incarnations_ = 0;  // the last one given out
  std::size_t awaited_ = 0;         // records that are `awaited`
  std::vector<Change> changes_;
  std::vector<Memo> memos_;
  std::vector<Departed> departed_;
  std::vector<Doubt> doubts_;
  std::vector<Panic> panics_;
  std::shared_ptr<const Snapshot> snapshot_;  // of snapshot_->index; null before the first
};

}  // namespace sluice::registry
