#include "registry/registry.h"

#include <utility>

#include "registry/duration.h"

namespace sluice::registry {

Registry::Registry(std::string epoch, config::Registry rules)
    : epoch_(std::move(epoch)), rules_(std::move(rules)) {}

bool Registry::checked(const Live& instance, const Probe& probe, Now now) {
  const auto place = find(instance);
  if (!place) return false;
  if (probe.success) place->record.last_pass_ms = now.mono_ms;
  if (place->record.check.observe(probe.success)) take_verdict(*place, probe.detail, now);
  return place->record.check.is_changing();
}

void Registry::failed(const Live& instance, FailureRow row, Now now) {
  const auto place = find(instance);
  if (!place) return;
  const auto& [roster, record] = *place;
  if (record.breaker.failed(roster.breaker, row, now.mono_ms)) {
    take_breaker(*place, words(row), now);
  }
  if (record.outlier.is_ejected() || !suspects(roster.outlier, row)) return;
  const auto members = static_cast<std::uint32_t>(roster.records.size());
  const std::uint32_t left = roster.able - (record.standing == Standing::able ? 1 : 0);
  if (!may_eject(roster.outlier, members, roster.ejected, left)) return;
  eject(*place, row, now);
}

void Registry::tried(const Live& instance, bool went_well, Now now) {
  const auto place = find(instance);
  if (!place) return;
  const auto& [roster, record] = *place;
  if (!record.breaker.tried(roster.breaker, went_well, now.mono_ms)) return;
  take_breaker(*place, went_well ? "a trial went well" : "a trial failed", now);
}

Receipt Registry::say(std::string_view service, std::string_view id, Admin admin,
                      std::string reason, Now now) {
  const auto place = find(service, id);
  if (!place) return unknown(service, id);
  const Inputs& before = place->record.instance().inputs;
  if (before.admin == admin && before.admin_reason == reason) return receipt(*place, false);
  Inputs& inputs = place->record.edit().inputs;
  inputs.admin = admin;
  inputs.admin_reason = std::move(reason);
  rejudge(*place, Change::Kind::state, admin_words(inputs), now);
  memos_.push_back({Memo::Kind::admin, place->roster.name, place->record.instance().id,
                    admin == Admin::ready ? nullptr : place->record.publish()});
  return receipt(*place, false);
}

bool Registry::set_admin(std::string_view service, std::string_view id, Admin admin,
                         std::string reason, Now now) {
  return say(service, id, admin, std::move(reason), now).fault == Fault::none;
}

std::shared_ptr<const Snapshot> Registry::snapshot() {
  if (snapshot_ && snapshot_->index == index_) return snapshot_;
  auto next = std::make_shared<Snapshot>();
  next->index = index_;
  next->epoch = epoch_;
  if (snapshot_) next->services = snapshot_->services;
  std::vector<Services::Edit> edits;
  for (const std::string& name : changed_) {
    const auto at = rosters_.find(name);
    edits.push_back({name, at != rosters_.end() ? at->second.publish() : nullptr});
  }
  next->services.apply(edits);
  changed_.clear();
  snapshot_ = std::move(next);
  return snapshot_;
}

std::optional<Registry::Place> Registry::find(std::string_view service, std::string_view id) {
  const auto roster = rosters_.find(service);
  if (roster == rosters_.end()) return std::nullopt;
  Record* const record = roster->second.find(id);
  if (record == nullptr) return std::nullopt;
  return Place{roster->second, *record};
}

std::optional<Registry::Place> Registry::find(const Live& instance) {
  const auto place = find(*instance.identity.service, *instance.identity.id);
  if (!place || place->record.instance().live.get() != &instance) return std::nullopt;
  return place;
}

void Registry::take_verdict(Place place, std::string reason, Now now) {
  const bool was_up = place.record.standing == Standing::able;
  Inputs& inputs = place.record.edit().inputs;
  inputs.check = place.record.check.state();
  inputs.check_reason = std::move(reason);
  rejudge(place, Change::Kind::state, check_words(inputs), now);
  stop_awaiting(place.record, now);
  if (was_up && inputs.check == CheckState::down) note_down(place, now);
}

void Registry::eject(Place place, FailureRow row, Now now) {
  OutlierMachine& outlier = place.record.outlier;
  const std::uint64_t until_ms = outlier.eject(place.roster.outlier, now.mono_ms);
  ++place.roster.ejected;
  schedule(place, Due::Kind::ejection, until_ms);

  Inputs& inputs = place.record.edit().inputs;
  inputs.outlier = OutlierState::ejected;
  inputs.outlier_reason = words(row) + "; ejection " + std::to_string(outlier.ejections()) +
                          ", for " + in_words(until_ms - now.mono_ms);
  rejudge(place, Change::Kind::state, outlier_words(inputs), now);
}

void Registry::end_ejection(Place place, Now now) {
  if (!place.record.outlier.advance(now.mono_ms)) return;
  --place.roster.ejected;

  Instance& instance = place.record.edit();
  instance.inputs.outlier = OutlierState::none;
  instance.inputs.outlier_reason.clear();
  // Failures of last-resort connections during the ejection say nothing against the fresh start.
  instance.live->note_word();
  rejudge(place, Change::Kind::state, "outlier: ejection over", now);
}

// The breaker's state is a new one. `why`: it is; "" where the time has brought it.
void Registry::take_breaker(Place place, const std::string& why, Now now) {
  const BreakerMachine& breaker = place.record.breaker;
  const config::Breaker& rule = place.roster.breaker;
  schedule(place, Due::Kind::breaker, breaker.next_ms());
  Inputs& inputs = place.record.edit().inputs;
  Live& live = *place.record.instance().live;
  inputs.breaker = breaker.state();
  inputs.breaker_reason.clear();
  if (inputs.breaker == BreakerState::open) {
    inputs.breaker_reason =
        "open for " + in_words(static_cast<std::uint64_t>(rule.open_for.count())) + ": " + why;
  } else if (inputs.breaker == BreakerState::half_open) {
    inputs.breaker_reason = "half open, for " + std::to_string(rule.half_open) +
                            (rule.half_open == 1 ? " trial" : " trials") + " at a time";
  } else {
    live.note_word();  // what failed on the way here says nothing against the fresh start
  }
  live.trial_limit.store(inputs.breaker == BreakerState::half_open
                             ? static_cast<std::uint16_t>(rule.half_open)
                             : std::uint16_t{0},
                         std::memory_order_relaxed);
  std::string told = breaker_words(inputs);
  if (inputs.breaker_reason.empty() && !why.empty()) told += ": " + why;
  rejudge(place, Change::Kind::state, std::move(told), now);
}

void Registry::rejudge(Place place, Change::Kind kind, std::string reason, Now now) {
  Instance& instance = place.record.edit();
  const State from = instance.effective.state;
  instance.effective = judge(instance.inputs);
  if (follow_warming(place, now)) instance.effective = judge(instance.inputs);
  take_standing(place, standing(instance.inputs, instance.effective.verdict));
  if (place.roster.panics && place.record.standing == Standing::unable) {
    instance.effective = in_panic(instance.effective);
  }
  if (instance.effective.state != from) instance.since_ms = now.wall_ms;
  instance.live->verdict.store(instance.effective.verdict, std::memory_order_relaxed);
  note(place, kind, from, std::move(reason), now);
  follow_panic(place.roster, now);
}

void Registry::take_standing(Place place, Standing standing) {
  const auto count = [&](Standing which, std::uint32_t by) {
    if (which == Standing::able) place.roster.able += by;
    if (which == Standing::unable) place.roster.unable += by;
  };
  count(std::exchange(place.record.standing, standing), -1u);
  count(standing, 1u);
}

// Begins or ends the panic of a service, if its instances have it that way.
void Registry::follow_panic(Roster& roster, Now now) {
  const double threshold = roster.panic.threshold;
  const bool panics =
      awaited_ == 0 && threshold > 0 && roster.able < threshold * (roster.able + roster.unable);
  if (std::exchange(roster.panics, panics) == panics) return;
  note_service(roster);
  panics_.push_back({roster.name, panics, roster.able, roster.unable});
  const std::string reason = panics ? "panic: too few are eligible" : "panic over";
  for (auto& [id, record] : roster.records) {
    if (record.standing == Standing::unable) {
      rejudge({roster, record}, Change::Kind::state, reason, now);
    }
  }
}

void Registry::note(Place place, Change::Kind kind, State from, std::string reason, Now now) {
  const Instance& instance = place.record.instance();
  place.roster.index = ++index_;
  place.roster.touch(place.record);
  note_service(place.roster);
  changes_.push_back({kind, index_, now.wall_ms, place.roster.name, instance.id,
                      instance.incarnation, instance.address.text(), from, instance.effective.state,
                      std::move(reason), place.record.publish()});
}

// It came, or is not what the last snapshot shows.
void Registry::note_service(const Roster& roster) {
  if (!changed_.contains(*roster.name)) changed_.insert(roster.name);
}

void Registry::stop_awaiting(Record& record, Now now) {
  if (!std::exchange(record.awaited, false) || --awaited_ > 0) return;
  for (auto& [name, roster] : rosters_) follow_panic(roster, now);
}

// At `at_ms`, and no more at the time that it was set to before; 0: never.
void Registry::schedule(Place place, Due::Kind kind, std::uint64_t at_ms) {
  std::uint64_t& set_to = place.record.due_ms[static_cast<std::size_t>(kind)];
  const auto due = [&](std::uint64_t ms) {
    return Due{ms, place.record.instance().incarnation, kind, &place.roster, &place.record};
  };
  if (set_to != 0) due_.erase(due(set_to));
  set_to = at_ms == UINT64_MAX ? 0 : at_ms;
  if (set_to != 0) due_.insert(due(set_to));
}

void Registry::unschedule(Place place) {
  for (const auto kind : {Due::Kind::ejection, Due::Kind::lease, Due::Kind::flap,
                          Due::Kind::warming, Due::Kind::breaker}) {
    schedule(place, kind, 0);
  }
}

// Lets an earlier time stand: a report is cheap, and the lease is looked at when that comes.
void Registry::schedule_lease(Place place) {
  const std::uint64_t next = place.record.lease.next_ms();
  const std::uint64_t set_to = place.record.due_ms[static_cast<std::size_t>(Due::Kind::lease)];
  if (set_to == 0 || set_to > next) schedule(place, Due::Kind::lease, next);
}

}  // namespace sluice::registry
