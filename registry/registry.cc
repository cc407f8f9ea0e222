#include "registry/registry.h"

#include <limits>
#include <utility>

namespace sluice::registry {

namespace {

std::string duration_words(std::uint64_t ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

}  // namespace

Registry::Registry(std::string epoch) : epoch_(std::move(epoch)) {}

bool Registry::checked(const Live& instance, const Probe& probe, Now now) {
  const auto place = find(instance);
  if (!place) return false;
  if (place->record.check.observe(probe.success)) take_verdict(*place, probe.detail, now);
  return place->record.check.is_changing();
}

void Registry::connect_failed(const Live& instance, std::uint32_t consecutive, Now now) {
  const auto place = find(instance);
  if (!place) return;
  const auto& [roster, record] = *place;
  if (record.outlier.is_ejected() || !record.outlier.suspects(consecutive)) return;
  const auto members = static_cast<std::uint32_t>(roster.records.size());
  if (roster.ejected >= ejection_limit(roster.outlier, members)) return;
  eject(*place, consecutive, now);
}

bool Registry::set_admin(std::string_view service, std::string_view id, Admin admin,
                         std::string reason, Now now) {
  const auto place = find(service, id);
  if (!place) return false;
  Inputs& inputs = place->record.instance.inputs;
  if (inputs.admin == admin && inputs.admin_reason == reason) return true;
  inputs.admin = admin;
  inputs.admin_reason = std::move(reason);
  rejudge(*place, Change::Kind::state, admin_words(inputs), now);
  return true;
}

void Registry::advance(Now now) {
  while (!due_.empty() && due_.begin()->at_ms <= now.mono_ms) {
    end_ejection(*find(due_.begin()->service, due_.begin()->id), now);
  }
}

std::uint64_t Registry::next_ms() const {
  return due_.empty() ? std::numeric_limits<std::uint64_t>::max() : due_.begin()->at_ms;
}

std::shared_ptr<const Snapshot> Registry::snapshot() {
  if (snapshot_ && snapshot_->index == index_) return snapshot_;
  auto next = std::make_shared<Snapshot>();
  next->index = index_;
  next->epoch = epoch_;
  for (auto& [name, roster] : rosters_) {
    next->services.emplace_hint(next->services.end(), name, roster.publish());
  }
  snapshot_ = std::move(next);
  return snapshot_;
}

std::vector<Change> Registry::take_changes() {
  return std::exchange(changes_, {});
}

std::optional<Registry::Place> Registry::find(std::string_view service, std::string_view id) {
  const auto roster = rosters_.find(service);
  if (roster == rosters_.end()) return std::nullopt;
  const auto record = roster->second.records.find(id);
  if (record == roster->second.records.end()) return std::nullopt;
  return Place{roster->second, record->second};
}

std::optional<Registry::Place> Registry::find(const Live& instance) {
  const auto place = find(instance.identity.service, instance.identity.id);
  if (!place || place->record.instance.live.get() != &instance) return std::nullopt;
  return place;
}

void Registry::take_verdict(Place place, std::string reason, Now now) {
  Inputs& inputs = place.record.instance.inputs;
  inputs.check = place.record.check.state();
  inputs.check_reason = std::move(reason);
  stop_awaiting(place.record);
  rejudge(place, Change::Kind::state, check_words(inputs), now);
}

void Registry::eject(Place place, std::uint32_t consecutive, Now now) {
  OutlierMachine& outlier = place.record.outlier;
  const std::uint64_t until_ms = outlier.eject(now.mono_ms);
  ++place.roster.ejected;
  due_.insert(due(place));

  Inputs& inputs = place.record.instance.inputs;
  inputs.outlier = OutlierState::ejected;
  inputs.outlier_reason = std::to_string(consecutive) + " connect failures in a row; ejection " +
                          std::to_string(outlier.ejections()) + ", for " +
                          duration_words(until_ms - now.mono_ms);
  rejudge(place, Change::Kind::state, outlier_words(inputs), now);
}

void Registry::end_ejection(Place place, Now now) {
  due_.erase(due(place));
  place.record.outlier.advance(now.mono_ms);
  --place.roster.ejected;

  Instance& instance = place.record.instance;
  instance.inputs.outlier = OutlierState::none;
  instance.inputs.outlier_reason.clear();
  // Failures of last-resort connects during the ejection are no word against the fresh start.
  instance.live->failures.store(0, std::memory_order_relaxed);
  rejudge(place, Change::Kind::state, "outlier: ejection over", now);
}

void Registry::rejudge(Place place, Change::Kind kind, std::string reason, Now now) {
  Instance& instance = place.record.instance;
  const State from = instance.effective.state;
  instance.effective = judge(instance.inputs);
  if (instance.effective.state != from) instance.since_ms = now.wall_ms;
  instance.live->verdict.store(instance.effective.verdict, std::memory_order_relaxed);
  place.record.published.reset();
  note(place, kind, from, std::move(reason), now);
}

void Registry::note(Place place, Change::Kind kind, State from, std::string reason, Now now) {
  const Instance& instance = place.record.instance;
  place.roster.index = ++index_;
  place.roster.published.reset();
  changes_.push_back({kind, index_, now.wall_ms, place.roster.name, instance.id,
                      instance.incarnation, instance.address.text(), from, instance.effective.state,
                      std::move(reason)});
}

void Registry::stop_awaiting(Record& record) {
  if (std::exchange(record.awaited, false)) --awaited_;
}

Registry::Due Registry::due(Place place) {
  return {place.record.outlier.next_ms(), place.roster.name, place.record.instance.id};
}

}  // namespace sluice::registry
