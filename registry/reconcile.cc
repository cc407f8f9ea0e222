// The part of the Registry that follows the configuration.

#include <cassert>
#include <string>
#include <utility>

#include "registry/registry.h"

namespace sluice::registry {

namespace {

Instance instance_of(const config::Instance& said) {
  std::string why;
  const auto address = config::Endpoint::parse(said.address, why);
  assert(address);
  Instance instance;
  instance.id = said.id.empty() ? address->text() : said.id;
  instance.address = *address;
  instance.weight = said.weight;
  instance.priority = said.priority;
  instance.zone = said.zone;
  instance.labels = said.labels;
  instance.meta = said.meta;
  instance.inputs.weight = said.weight;
  return instance;
}

std::map<std::string, Instance, std::less<>> instances_of(const config::Service& service) {
  std::map<std::string, Instance, std::less<>> instances;
  for (const config::Instance& said : service.instances) {
    Instance instance = instance_of(said);
    instances.emplace(instance.id, std::move(instance));
  }
  return instances;
}

CheckState first_state(const config::Check& check) {
  if (check.type == config::CheckType::none) return CheckState::none;
  return check.initial == config::CheckInitial::up ? CheckState::up : CheckState::checking;
}

std::string reason_of_unprobed(CheckState state) {
  switch (state) {
    case CheckState::checking:
      return "no verdict yet";
    case CheckState::up:
      return "up until probed";
    default:
      return "";
  }
}

// Takes over what may change within an incarnation; answers the keys that did, "weight, labels".
std::string take_over(Instance& instance, Instance wanted) {
  std::string changed;
  const auto take = [&changed](std::string_view key, auto& mine, auto& theirs) {
    if (mine == theirs) return;
    mine = std::move(theirs);
    changed.append(changed.empty() ? "" : ", ").append(key);
  };
  take("weight", instance.weight, wanted.weight);
  take("priority", instance.priority, wanted.priority);
  take("zone", instance.zone, wanted.zone);
  take("labels", instance.labels, wanted.labels);
  take("meta", instance.meta, wanted.meta);
  take("version", instance.version, wanted.version);
  take("protocol", instance.protocol, wanted.protocol);
  take("ttl", instance.ttl_ms, wanted.ttl_ms);
  take("check", instance.own_check, wanted.own_check);
  instance.inputs.weight = instance.weight;
  return changed;
}

}  // namespace

void Registry::reconcile(const std::vector<config::Service>& services, bool first, Now now) {
  std::map<std::string_view, const config::Service*> wanted;
  for (const config::Service& service : services) wanted.emplace(service.name, &service);

  for (auto at = rosters_.begin(); at != rosters_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
    } else {
      drop(at->second, now);
      at = rosters_.erase(at);
    }
  }
  for (const auto& [name, service] : wanted) {
    const auto at = rosters_.try_emplace(std::string(name), *service).first;
    fit(at->second, *service, first, now);
  }
}

void Registry::drop(Roster& roster, Now now) {
  note_service(roster);
  roster.panic.threshold = 0;
  if (roster.records.empty()) ++index_;  // nobody else's change tells that it went
  while (!roster.records.empty()) {
    remove({roster, roster.records.begin()->second}, "no longer configured", std::nullopt, now);
  }
}

void Registry::fit(Roster& roster, const config::Service& service, bool first, Now now) {
  auto wanted = instances_of(service);
  const bool has_new_rules = roster.check != service.check || roster.outlier != service.outlier ||
                             roster.breaker != service.breaker;
  roster.check = service.check;
  roster.outlier = service.outlier;
  roster.panic = service.balance.panic;
  const bool warms_otherwise = roster.slow_start != service.balance.slow_start;
  roster.slow_start = service.balance.slow_start;
  roster.breaker = service.breaker;
  roster.registration = service.registration;
  // At once for all workers, whatever plan they run by; who is over it stays.
  if (roster.limit != limit_of(service)) {
    roster.limit = limit_of(service);
    for (auto& [id, record] : roster.records) {
      record.instance().live->limit.store(roster.limit, std::memory_order_relaxed);
    }
  }

  for (auto at = roster.records.begin(); at != roster.records.end();) {
    auto& [id, record] = *at++;
    if (record.instance().is_static() && !wanted.contains(id)) {
      remove({roster, record}, "no longer configured", std::nullopt, now);
    }
  }
  for (auto& [id, instance] : wanted) {
    make_room(roster, instance, now);
    Record* const record = roster.find(id);
    if (record == nullptr) {
      add(roster, std::move(instance), incarnations_ + 1, first, now);
      continue;
    }
    update({roster, *record}, std::move(instance), now);
  }
  if (has_new_rules) {
    for (auto& [id, record] : roster.records) follow_rules({roster, record}, now);
  }
  if (warms_otherwise) {
    for (auto& [id, record] : roster.records) {
      if (record.instance().inputs.warming) warm_up({roster, record}, now);
    }
  }
  follow_panic(roster, now);
  // A service that is new and empty: nobody else's change tells that it came.
  if (roster.index == 0) {
    roster.index = roster.topology = ++index_;
    note_service(roster);
  }
}

// Whoever has the id or the address of a static instance and is not that instance goes.
void Registry::make_room(Roster& roster, const Instance& wanted, Now now) {
  const auto go = [&](std::string_view id, const std::string& why) {
    const Place place = *find(*roster.name, id);
    if (!place.record.instance().is_static()) forget(place);
    remove(place, why, std::nullopt, now);
  };
  if (const Record* same = roster.find(*wanted.id)) {
    const Instance& instance = same->instance();
    if (!instance.is_static() || instance.address != wanted.address) {
      go(*wanted.id, "replaced by " + wanted.address.text());
    }
  }
  const Record* holder = roster.find(wanted.address);
  if (holder != nullptr && holder->instance().id != wanted.id) {
    go(*holder->instance().id, "superseded by the static instance " + *wanted.id);
  }
}

// What many have in common is kept once.
void Registry::share(Instance& instance) {
  for (config::Text* text :
       {&instance.zone, &instance.version, &instance.protocol, &instance.owner}) {
    *text = texts_.share(*text);
  }
  instance.labels = labels_.share(instance.labels);
  instance.own_check = own_checks_.share(instance.own_check);
}

Registry::Place Registry::add(Roster& roster, Instance instance, std::uint64_t incarnation,
                              bool first, Now now) {
  const config::Frozen<config::Check> rule = roster.check_of(instance);
  const CheckState check = first_state(rule);
  share(instance);
  instance.incarnation = incarnation;
  keep_incarnations_above(incarnation);
  instance.live = std::make_shared<Live>(
      Identity{roster.name, instance.id, instance.incarnation, instance.address});
  instance.live->limit.store(roster.limit, std::memory_order_relaxed);
  instance.inputs.check = check;
  instance.inputs.check_reason = reason_of_unprobed(check);
  instance.inputs.breaker = BreakerMachine(roster.breaker).state();
  instance.effective = judge(instance.inputs);
  instance.since_ms = now.wall_ms;

  const std::string_view id = *instance.live->identity.id;
  const auto at = roster.records.emplace(
      id, Record(std::move(instance), CheckMachine(rule, check), BreakerMachine(roster.breaker)));
  const Place place{roster, at.first->second};
  roster.by_address.insert(&place.record);
  place.record.is_cold = !first;
  place.record.awaited = first && check == CheckState::checking;
  if (place.record.awaited) ++awaited_;
  rejudge(place, Change::Kind::added, *place.record.instance().effective.reason, now);
  roster.topology = roster.index;
  return place;
}

void Registry::update(Place place, Instance wanted, Now now) {
  share(wanted);
  const Instance& before = place.record.instance();
  const bool rebalance = before.weight != wanted.weight || before.priority != wanted.priority ||
                         before.zone != wanted.zone;
  const bool relabel = before.labels != wanted.labels;
  const bool recheck = before.own_check != wanted.own_check || before.ttl_ms != wanted.ttl_ms;
  std::string changed = take_over(place.record.edit(), std::move(wanted));
  if (changed.empty()) return;
  rejudge(place, Change::Kind::updated, std::move(changed), now);
  if (rebalance) place.roster.topology = place.roster.index;
  if (relabel) place.roster.labelled = place.roster.index;
  if (recheck) follow_rules(place, now);
}

void Registry::follow_rules(Place place, Now now) {
  Record& record = place.record;
  if (record.breaker.reconfigure(place.roster.breaker)) {
    take_breaker(place, "the configuration says so", now);
  } else if (record.breaker.state() == BreakerState::half_open) {
    record.instance().live->trial_limit.store(
        static_cast<std::uint16_t>(place.roster.breaker.half_open), std::memory_order_relaxed);
  }
  record.check.reconfigure(place.roster.check_of(record.instance()));
  if (record.check.state() == record.instance().inputs.check) return;
  take_verdict(place, reason_of_unprobed(record.check.state()), now);
}

void Registry::remove(Place place, std::string reason, std::optional<config::Duration> drain,
                      Now now) {
  auto& [roster, record] = place;
  // Workers pass it over from here on, and not only from the plan without it; one that has not
  // taken that plan over yet has nobody else, perhaps.
  Live& live = *record.instance().live;
  if (live.verdict.load(std::memory_order_relaxed) == Verdict::eligible) {
    live.verdict.store(Verdict::last_resort, std::memory_order_relaxed);
  } else if (live.verdict.load(std::memory_order_relaxed) == Verdict::trial) {
    live.verdict.store(Verdict::never, std::memory_order_relaxed);
  }
  unschedule(place);
  if (record.outlier.is_ejected()) --roster.ejected;
  if (!record.instance().is_static()) count_out(place);
  if (record.lease.state() != LeaseState::none) {
    --roster.leases;
    --leases_;
  }
  take_standing(place, Standing::apart);
  stop_awaiting(record, now);
  note(place, Change::Kind::removed, record.instance().effective.state, std::move(reason), now);
  roster.topology = roster.index;
  departed_.push_back({record.instance().live, drain});
  roster.by_address.erase(&record);
  roster.records.erase(roster.records.find(*record.instance().id));
  follow_panic(roster, now);
}

}  // namespace sluice::registry
