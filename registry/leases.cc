// The part of the Registry that deals with instances which report no more, or keep going down.

#include <string>
#include <utility>

#include "registry/duration.h"
#include "registry/registry.h"

namespace sluice::registry {

namespace {

constexpr std::uint64_t kSilenceLastsMs = 250;  // so long one look at all leases of a service holds
constexpr std::uint32_t kFewestSilent = 3;  // two that stop together are no sign of a failing net

std::uint64_t count(config::Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

}  // namespace

void Registry::advance(Now now) {
  const std::uint64_t since_ms = now.mono_ms - std::exchange(advanced_ms_, now.mono_ms);
  if (rules_.own_lag_guard && leases_ > 0 && since_ms > kMostLagMs) postpone(since_ms);
  for (std::size_t n = 0; n < kMostAtOnce && !due_.empty(); ++n) {
    if (due_.begin()->at_ms > now.mono_ms) return;
    const Due due = *due_.begin();
    const Place place{*due.roster, *due.record};
    schedule(place, due.kind, 0);
    switch (due.kind) {
      case Due::Kind::ejection:
        end_ejection(place, now);
        break;
      case Due::Kind::lease:
        on_lease_due(place, now);
        break;
      case Due::Kind::flap:
        end_suppression(place, now);
        break;
      case Due::Kind::warming:
        warm_up(place, now);
        break;
      case Due::Kind::breaker:
        if (place.record.breaker.advance(now.mono_ms)) take_breaker(place, "", now);
        break;
    }
  }
}

std::uint64_t Registry::next_ms() const {
  const std::uint64_t due = due_.empty() ? UINT64_MAX : due_.begin()->at_ms;
  // With leases, often enough to tell a stall of our own from the silence of others.
  return leases_ == 0 ? due : std::min(due, advanced_ms_ + kMostLagMs / 2);
}

void Registry::on_lease_due(Place place, Now now) {
  Lease& lease = place.record.lease;
  switch (lease.advance(now.mono_ms)) {
    case Lease::Due::nothing:  // a report came meanwhile
      return schedule(place, Due::Kind::lease, lease.next_ms());
    case Lease::Due::doubt:
      return doubt(place, now);
    case Lease::Due::deletion:
      forget(place);
      return remove(place, lease_words(place.record.instance().inputs), std::nullopt, now);
  }
}

// Asks for evidence, unless there is some or none is wanted.
void Registry::doubt(Place place, Now now) {
  auto& [roster, record] = place;
  const std::string silent =
      "no heartbeat for " + in_words(now.mono_ms - record.lease.ends_ms() + record.lease.ttl_ms());
  const bool preserves = is_preserving(roster, now);
  if (rules_.on_expire.verify == config::Verify::none && !preserves) {
    return give_up(*record.instance().live, "", now);
  }
  set_lease_state(place, silent, now);
  if (rules_.on_expire.verify == config::Verify::none) {
    if (record.preserved_ms == 0) record.preserved_ms = now.mono_ms;
    if (now.mono_ms - record.preserved_ms >= count(rules_.self_preservation.max_hold)) {
      return give_up(*record.instance().live, "", now);
    }
  }
  // Evidence lasts as long as the operator says, however seldom the instance wants to be probed.
  const std::uint64_t fresh = count(roster.check->interval) + count(roster.check->timeout);
  const bool has_passed = record.check.state() == CheckState::up && record.last_pass_ms != 0 &&
                          now.mono_ms - record.last_pass_ms <= fresh;
  if (has_passed) return vouch(*record.instance().live, now);
  doubts_.push_back({record.instance().live});
}

void Registry::vouch(const Live& instance, Now now) {
  const auto place = find(instance);
  if (!place || place->record.lease.state() != LeaseState::missed) return;
  place->record.lease.support(now.mono_ms +
                              std::max(count(place->roster.check->interval), std::uint64_t{100}));
  schedule(*place, Due::Kind::lease, place->record.lease.next_ms());
}

void Registry::give_up(const Live& instance, const std::string& why, Now now) {
  const auto place = find(instance);
  if (!place || place->record.lease.state() != LeaseState::missed) return;
  Lease& lease = place->record.lease;
  const std::uint64_t silent = now.mono_ms - lease.ends_ms() + lease.ttl_ms();
  lease.expire(now.mono_ms + count(rules_.on_expire.delete_after));
  schedule(*place, Due::Kind::lease, lease.next_ms());
  const std::string reason = "no heartbeat for " + in_words(silent);
  set_lease_state(*place, why.empty() ? reason : reason + "; " + why, now);
}

// Most of a service's instances went quiet at about the same time: with reports at a third of the
// ttl, whoever is quiet for more than half of it has missed one.
bool Registry::is_preserving(Roster& roster, Now now) const {
  const double threshold = rules_.self_preservation.threshold;
  if (threshold >= 1 || roster.leases < kFewestSilent) return false;
  if (roster.silence_seen_ms != 0 && now.mono_ms - roster.silence_seen_ms < kSilenceLastsMs) {
    return roster.is_silent;
  }
  std::uint32_t silent = 0;
  for (const auto& [id, record] : roster.records) {
    const Lease& lease = record.lease;
    if (lease.state() == LeaseState::none) continue;
    if (now.mono_ms + lease.ttl_ms() / 2 > lease.ends_ms()) ++silent;
  }
  roster.silence_seen_ms = now.mono_ms;
  roster.is_silent = silent >= kFewestSilent && silent > threshold * roster.leases;
  return roster.is_silent;
}

void Registry::set_lease_state(Place place, std::string reason, Now now) {
  const LeaseState state = place.record.lease.state();
  const bool was_up = place.record.standing == Standing::able;
  if (place.record.instance().inputs.lease == state) return;
  Inputs& inputs = place.record.edit().inputs;
  inputs.lease = state;
  inputs.lease_reason = std::move(reason);
  rejudge(place, Change::Kind::state, lease_words(inputs), now);
  if (state == LeaseState::expired && was_up) note_down(place, now);
}

// Our own stall says nothing about others.
void Registry::postpone(std::uint64_t by_ms) {
  for (auto& [name, roster] : rosters_) {
    for (auto& [id, record] : roster.records) {
      if (record.lease.state() == LeaseState::none) continue;
      record.lease.postpone(by_ms);
      record.instance().live->lease_ends_ms.store(record.lease.ends_ms(),
                                                  std::memory_order_relaxed);
    }
  }
}

void Registry::note_down(Place place, Now now) {
  Record& record = place.record;
  if (record.instance().is_static()) return;
  if (!record.flap.went_down(rules_.flap, now.mono_ms)) return;
  schedule(place, Due::Kind::flap, record.flap.until_ms());
  Inputs& inputs = record.edit().inputs;
  inputs.flapping = true;
  const auto penalty = static_cast<std::uint64_t>(record.flap.penalty(rules_.flap, now.mono_ms));
  inputs.flap_reason = "went down too often; penalty " + std::to_string(penalty) + ", back in " +
                       in_words((record.flap.until_ms() - now.mono_ms) / 1000 * 1000);
  rejudge(place, Change::Kind::state, flap_words(inputs), now);
}

void Registry::end_suppression(Place place, Now now) {
  if (!place.record.flap.advance(now.mono_ms)) return;
  Inputs& inputs = place.record.edit().inputs;
  inputs.flapping = false;
  inputs.flap_reason.clear();
  rejudge(place, Change::Kind::state, "flap: suppression over", now);
}

}  // namespace sluice::registry
