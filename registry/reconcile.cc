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

std::map<std::string, Instance> instances_of(const config::Service& service) {
  std::map<std::string, Instance> instances;
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
  if (roster.records.empty()) ++index_;  // nobody else's change tells that it went
  while (!roster.records.empty()) {
    remove({roster, roster.records.begin()->second}, "no longer configured", now);
  }
}

void Registry::fit(Roster& roster, const config::Service& service, bool first, Now now) {
  auto wanted = instances_of(service);
  roster.check = service.check;
  roster.outlier = service.outlier;

  for (auto at = roster.records.begin(); at != roster.records.end();) {
    auto& [id, record] = *at++;
    if (!wanted.contains(id)) remove({roster, record}, "no longer configured", now);
  }
  for (auto& [id, instance] : wanted) {
    const auto at = roster.records.find(id);
    if (at == roster.records.end()) {
      add(roster, std::move(instance), first, now);
      continue;
    }
    const Place place{roster, at->second};
    if (at->second.instance.address != instance.address) {
      remove(place, "replaced by " + instance.address.text(), now);
      add(roster, std::move(instance), first, now);
      continue;
    }
    update(place, std::move(instance), now);
    follow_rules(place, now);
  }
  // A service that is new and empty: nobody else's change tells that it came.
  if (roster.index == 0) roster.index = roster.topology = ++index_;
}

void Registry::add(Roster& roster, Instance instance, bool first, Now now) {
  const CheckState check = first_state(roster.check);
  instance.incarnation = ++incarnations_;
  instance.live = std::make_shared<Live>(
      Identity{roster.name, instance.id, instance.incarnation, instance.address});
  instance.inputs.check = check;
  instance.inputs.check_reason = reason_of_unprobed(check);
  instance.effective = judge(instance.inputs);
  instance.since_ms = now.wall_ms;

  const bool awaited = first && check == CheckState::checking;
  if (awaited) ++awaited_;
  const std::string id = instance.id;
  const auto at =
      roster.records.emplace(id, Record{std::move(instance), CheckMachine(roster.check, check),
                                        OutlierMachine(roster.outlier), awaited, nullptr});
  const Place place{roster, at.first->second};
  rejudge(place, Change::Kind::added, place.record.instance.effective.reason, now);
  roster.topology = roster.index;
}

void Registry::update(Place place, Instance wanted, Now now) {
  Instance& instance = place.record.instance;
  const bool rebalance = instance.weight != wanted.weight || instance.priority != wanted.priority;
  std::string changed = take_over(instance, std::move(wanted));
  if (changed.empty()) return;
  rejudge(place, Change::Kind::updated, std::move(changed), now);
  if (rebalance) place.roster.topology = place.roster.index;
}

void Registry::follow_rules(Place place, Now now) {
  Record& record = place.record;
  record.outlier.reconfigure(place.roster.outlier);
  record.check.reconfigure(place.roster.check);
  if (record.check.state() == record.instance.inputs.check) return;
  take_verdict(place, reason_of_unprobed(record.check.state()), now);
}

void Registry::remove(Place place, std::string reason, Now now) {
  auto& [roster, record] = place;
  // Its verdict stays: a worker that has not taken over the plan without it yet has nobody else,
  // perhaps.
  if (record.outlier.is_ejected()) {
    due_.erase(due(place));
    --roster.ejected;
  }
  stop_awaiting(record);
  note(place, Change::Kind::removed, record.instance.effective.state, std::move(reason), now);
  roster.topology = roster.index;
  roster.records.erase(std::string(record.instance.id));
}

}  // namespace sluice::registry
