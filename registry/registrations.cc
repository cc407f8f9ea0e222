// The part of the Registry that takes instances' own word.

#include <string>
#include <utility>

#include "registry/duration.h"
#include "registry/registry.h"

namespace sluice::registry {

namespace {

Instance instance_of(const Registration& said, std::uint64_t ttl_ms) {
  Instance instance;
  instance.id = said.id;
  instance.address = said.address;
  instance.weight = said.weight;
  instance.priority = said.priority;
  instance.zone = said.zone;
  instance.labels = said.labels;
  instance.meta = said.meta;
  instance.version = said.version;
  instance.protocol = said.protocol;
  instance.owner = said.owner;
  instance.own_check = said.check;
  instance.source = registered_source();
  instance.ttl_ms = ttl_ms;
  instance.inputs.lease = ttl_ms != 0 ? LeaseState::held : LeaseState::none;
  instance.inputs.weight = said.weight;
  instance.inputs.status = said.status;
  return instance;
}

Receipt fault(Fault fault, std::string message) {
  Receipt receipt;
  receipt.fault = fault;
  receipt.message = std::move(message);
  return receipt;
}

std::string named(std::string_view service, std::string_view id) {
  return std::string(id) + " of " + std::string(service);
}

Receipt unknown_service(std::string_view name) {
  return fault(Fault::unknown_service, "there is no service " + std::string(name));
}

Receipt older(const Instance& instance, std::uint64_t incarnation) {
  return fault(Fault::older_incarnation, "incarnation " + std::to_string(incarnation) + " of " +
                                             *instance.id + " has been replaced by " +
                                             std::to_string(instance.incarnation));
}

}  // namespace

Receipt Registry::enroll(const Registration& said, bool creates, Now now) {
  const auto at = rosters_.find(said.service);
  if (at == rosters_.end()) return unknown_service(said.service);
  Roster& roster = at->second;
  if (!roster.registration) {
    return fault(Fault::closed, "the service " + said.service + " takes no registrations");
  }
  const auto min = static_cast<std::uint64_t>(rules_.ttl.min.count());
  const auto max = static_cast<std::uint64_t>(rules_.ttl.max.count());
  const auto usual = static_cast<std::uint64_t>(rules_.ttl.default_.count());
  const std::uint64_t ttl_ms = said.ttl_ms.value_or(usual);
  if (ttl_ms != 0 && (ttl_ms < min || ttl_ms > max)) {
    return fault(Fault::ttl_out_of_bounds, "ttl " + in_words(ttl_ms) + " is not from " +
                                               in_words(min) + " to " + in_words(max) + ", or 0s");
  }
  if (std::string why = said.check->why_not_over(roster.check, ttl_ms != 0); !why.empty()) {
    return fault(Fault::check_refused, std::move(why));
  }
  const auto known = find(said.service, said.id);
  Record* const holder = roster.find(said.address);
  const bool is_held = holder != nullptr && holder->instance().id != said.id;
  if (known && known->record.instance().is_static()) {
    return fault(Fault::static_instance, "the instance " + named(said.service, said.id) +
                                             " is a static one of the configuration");
  }
  if (is_held && holder->instance().is_static()) {
    return fault(Fault::static_instance, "the address " + said.address.text() +
                                             " is that of the static instance " +
                                             named(said.service, *holder->instance().id));
  }
  if (known && creates) {
    return fault(Fault::exists, "the instance " + named(said.service, said.id) + " exists");
  }
  if (known && known->record.instance().address == said.address) {
    return renew(*known, said, ttl_ms, now);
  }
  if (known) remove(*known, "replaced by " + said.address.text(), std::nullopt, now);
  if (is_held) {
    const Place ghost{roster, *holder};
    forget(ghost);
    remove(ghost, "superseded by " + said.id, std::nullopt, now);
  }
  const Place place = add(roster, instance_of(said, ttl_ms), incarnations_ + 1, false, now);
  hold_lease(place, ttl_ms, now);
  count_in(place);
  remember(place);
  return receipt(place, true);
}

Receipt Registry::renew(Place place, const Registration& said, std::uint64_t ttl_ms, Now now) {
  update(place, instance_of(said, ttl_ms), now);
  take_status(place, said.status, now);
  hold_lease(place, ttl_ms, now);
  remember(place);
  return receipt(place, false);
}

Receipt Registry::beat(std::string_view service, std::string_view id, const Beat& beat, Now now) {
  const auto place = find(service, id);
  if (!place) return unknown(service, id);
  const Instance& instance = place->record.instance();
  if (instance.is_static()) {
    return fault(Fault::static_instance,
                 "the instance " + named(service, id) + " is a static one and has no lease");
  }
  if (beat.incarnation && *beat.incarnation != instance.incarnation) {
    return older(instance, *beat.incarnation);
  }
  if (beat.weight && *beat.weight != instance.weight) {
    Instance wanted = instance;
    wanted.weight = *beat.weight;
    update(*place, std::move(wanted), now);
    remember(*place);
  }
  if (beat.status) take_status(*place, *beat.status, now);
  if (beat.load) {
    instance.live->reported_load.store(*beat.load, std::memory_order_relaxed);
  }
  hold_lease(*place, place->record.instance().ttl_ms, now);
  return receipt(*place, false);
}

Receipt Registry::leave(std::string_view service, std::string_view id,
                        std::optional<std::uint64_t> incarnation,
                        std::optional<config::Duration> drain, Now now) {
  const auto place = find(service, id);
  if (!place) return unknown(service, id);
  const Instance& instance = place->record.instance();
  if (instance.is_static()) {
    return fault(Fault::static_instance,
                 "the instance " + named(service, id) + " is a static one of the configuration");
  }
  if (incarnation && *incarnation < instance.incarnation) return older(instance, *incarnation);
  Receipt left = receipt(*place, false);
  forget(*place);
  remove(*place, "deregistered", drain, now);
  left.index = index_;
  return left;
}

bool Registry::restore(const Registration& said, std::uint64_t incarnation, Now now) {
  const auto at = rosters_.find(said.service);
  if (at == rosters_.end()) return false;
  Roster& roster = at->second;
  if (roster.find(said.id) != nullptr || roster.find(said.address) != nullptr) return false;
  const auto usual = static_cast<std::uint64_t>(rules_.ttl.default_.count());
  const std::uint64_t ttl_ms = said.ttl_ms.value_or(usual);
  const Place place = add(roster, instance_of(said, ttl_ms), incarnation, true, now);
  hold_lease(place, ttl_ms, now);
  count_in(place);
  return true;
}

void Registry::keep_incarnations_above(std::uint64_t incarnation) {
  incarnations_ = std::max(incarnations_, incarnation);
}

std::optional<access::Bounds::Held> Registry::held(const Registration& said) const {
  const auto roster = rosters_.find(said.service);
  const bool known = roster != rosters_.end();
  if (known &&
      (roster->second.records.contains(said.id) || roster->second.find(said.address) != nullptr)) {
    return std::nullopt;
  }
  access::Bounds::Held held;
  held.of_service = known ? roster->second.registered : 0;
  held.services = held.of_service == 0 ? crowded_ : 0;
  held.instances = registered_;
  const auto owner = by_owner_.find(said.owner);
  if (!said.owner.empty() && owner != by_owner_.end()) held.of_token = owner->second;
  return held;
}

void Registry::count_in(Place place) {
  ++registered_;
  if (++place.roster.registered == 1) ++crowded_;
  ++by_owner_[*place.record.instance().owner];
}

void Registry::count_out(Place place) {
  --registered_;
  if (--place.roster.registered == 0) --crowded_;
  const auto owner = by_owner_.find(*place.record.instance().owner);
  if (--owner->second == 0) by_owner_.erase(owner);
}

Receipt Registry::unknown(std::string_view service, std::string_view id) const {
  if (!rosters_.contains(service)) return unknown_service(service);
  return fault(Fault::unknown_instance, "there is no instance " + named(service, id));
}

Receipt Registry::receipt(Place place, bool created) const {
  Receipt receipt;
  receipt.index = index_;
  receipt.instance = place.record.publish();
  receipt.created = created;
  return receipt;
}

void Registry::take_status(Place place, State status, Now now) {
  if (place.record.instance().inputs.status == status) return;
  Inputs& inputs = place.record.edit().inputs;
  inputs.status = status;
  rejudge(place, Change::Kind::state, status_words(inputs), now);
}

void Registry::hold_lease(Place place, std::uint64_t ttl_ms, Now now) {
  auto& [roster, record] = place;
  const bool had = record.lease.state() != LeaseState::none;
  const bool has = ttl_ms != 0;
  if (has != had) {
    roster.leases += has ? 1 : -1;
    if (leases_ == 0) advanced_ms_ = now.mono_ms;
    leases_ += has ? 1 : -1;
  }
  record.lease.renew(ttl_ms, now.mono_ms);
  record.preserved_ms = 0;
  record.instance().live->lease_ends_ms.store(has ? record.lease.ends_ms() : 0,
                                              std::memory_order_relaxed);
  schedule_lease(place);
  set_lease_state(place, "", now);
}

void Registry::remember(Place place) {
  memos_.push_back({Memo::Kind::registration, place.roster.name, place.record.instance().id,
                    place.record.publish()});
}

void Registry::forget(Place place) {
  const Instance& instance = place.record.instance();
  memos_.push_back({Memo::Kind::registration, place.roster.name, instance.id, nullptr});
  if (instance.inputs.admin != Admin::ready) {
    memos_.push_back({Memo::Kind::admin, place.roster.name, instance.id, nullptr});
  }
}

}  // namespace sluice::registry
