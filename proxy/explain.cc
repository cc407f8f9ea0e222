#include "proxy/explain.h"

#include <algorithm>
#include <utility>

#include "config/selector.h"
#include "config/units.h"
#include "config/words.h"
#include "proxy/balance/balancer.h"
#include "proxy/explain_routes.h"
#include "proxy/selection.h"
#include "proxy/session/admission.h"

namespace sluice {

namespace {

using registry::Verdict;

std::shared_ptr<registry::Live> copy_of(const registry::Live& live) {
  auto copy = std::make_shared<registry::Live>(live.identity);
  copy->load = live.load.load(std::memory_order_relaxed);
  copy->warmth = live.warmth.load(std::memory_order_relaxed);
  copy->limit = live.limit.load(std::memory_order_relaxed);
  copy->verdict = live.verdict.load(std::memory_order_relaxed);
  copy->trials = live.trials.load(std::memory_order_relaxed);
  copy->trial_limit = live.trial_limit.load(std::memory_order_relaxed);
  return copy;
}

// In which search it would be found: eligible, last_resort or, in none, never.
Verdict sought_as(const registry::Live& live) {
  for (const Verdict verdict : {Verdict::eligible, Verdict::last_resort}) {
    if (live.is(verdict)) return verdict;
  }
  return Verdict::never;
}

// Where the search ends, if nobody is tried and nobody goes over a bound: the verdict that somebody
// has, the first priority of those (who have room, if anybody has), and the zone that is preferred.
struct Found {
  Verdict verdict = Verdict::never;  // never: nobody is found
  std::uint32_t priority = UINT32_MAX;
  std::uint32_t locals = 0;
  bool has_enough_locals = false;
  bool prefers_zone = false;  // and somebody there has room
};

Found search(const std::vector<balance::Member>& members, const config::ZoneRule& rule) {
  Found found;
  bool has_room = false;
  for (const balance::Member& member : members) {
    const Verdict verdict = sought_as(*member.live);
    if (member.weight == 0 || verdict < found.verdict || verdict == Verdict::never) continue;
    const bool is_better = verdict > found.verdict;
    if (is_better || (member.live->has_room() && !has_room)) {
      found = {verdict};
      has_room = member.live->has_room();
    }
    if (member.live->has_room() == has_room) {
      found.priority = std::min(found.priority, member.priority);
    }
  }
  bool has_local_room = false;
  for (const balance::Member& member : members) {
    if (member.weight == 0 || !member.is_local || member.priority != found.priority ||
        sought_as(*member.live) != found.verdict) {
      continue;
    }
    ++found.locals;
    has_local_room = has_local_room || member.live->has_room();
  }
  found.has_enough_locals = found.locals > 0 && found.locals >= rule.min_local;
  found.prefers_zone = found.has_enough_locals && has_local_room;
  return found;
}

// Why an instance is not even considered; "": it is.
std::string why_out(const registry::Instance& instance, const config::Selector& selector,
                    const registry::Live& live, const Found& found, const std::string& zone) {
  if (!selector.matches(*instance.labels)) return "its labels are not those of the selector";
  const Verdict verdict = live.verdict.load(std::memory_order_relaxed);
  if (verdict == Verdict::never) {
    return instance.weight == 0 && instance.effective.state == registry::State::up
               ? "weight 0 takes nothing new"
               : *instance.effective.reason;
  }
  if (verdict == Verdict::trial && !live.has_trial()) {
    return *instance.effective.reason + ", and no trial is free";
  }
  if (sought_as(live) < found.verdict) {
    return "a last resort: " + *instance.effective.reason;
  }
  if (!live.has_room()) return "at its limit of " + std::to_string(live.limit.load());
  if (instance.priority > found.priority) {
    return "priority " + std::to_string(found.priority) + " has somebody eligible";
  }
  if (found.prefers_zone && *instance.zone != zone) return "zone " + zone + " is preferred";
  return "";
}

// Why the client gets no instance though there are some, and what becomes of it; "": it gets one.
std::string why_it_waits(const config::ServiceLimits& limits, const Crowd& crowd, bool all_full) {
  std::string why;
  if (limits.connections > 0 && crowd.connections >= limits.connections) {
    why = "the service is at its limit of " + std::to_string(limits.connections) + " connections";
  } else if (all_full) {
    why = "every instance is at its limit";
  } else if (crowd.queued > 0 && limits.queue > 0) {
    why = "others came first";
  } else {
    return "";
  }
  if (limits.queue == 0) return why + ", and nobody may wait";
  if (crowd.queued >= limits.queue) {
    return why + ", and the queue is full, with " + std::to_string(crowd.queued) + " clients";
  }
  return why + "; it would wait, with " + std::to_string(crowd.queued) + " before it";
}

std::string how(const config::Balance& balance, const std::string& client) {
  switch (balance.policy) {
    case config::Policy::least_connections:
      return "the smallest (connections + 1) / weight; ties rotate";
    case config::Policy::p2c:
      return "the better of two at random";
    case config::Policy::round_robin:
      return "whose turn it is, worker by worker; one worker's next turn is shown";
    case config::Policy::random:
      return "at random, by weight";
    case config::Policy::first:
      return "the first in order of ids";
    case config::Policy::hash:
    case config::Policy::maglev:
      if (client.empty()) return "no client was named, so there is nothing to hash";
      return "by the hash of " + client +
             (balance.hash.max_load != 0 ? ", or the next one with room" : "");
  }
  return "";
}

const config::Listener* find_listener(const config::Config& config, const std::string& name) {
  const auto at = std::ranges::find(config.listeners, name, &config::Listener::name);
  return at != config.listeners.end() ? &*at : nullptr;
}

std::string why_refused(const session::Admission& admission, const std::string& client) {
  std::string wrong;
  const auto address = config::Endpoint::parse_ip(client, wrong);
  return address ? admission.why_not(net::Peer::of(*address)) : "";
}

// What else decides who is let in, and as whom.
std::vector<std::string> notes_on(const session::Admission& admission, const std::string& client) {
  std::vector<std::string> notes;
  const std::string from = admission.trusted.empty() ? "" : " from one of proxy_protocol.trusted";
  if (admission.accept == config::ProxyAccept::required) {
    notes.push_back("a PROXY header" + from + " is required, and says who the client is");
  } else if (admission.accept == config::ProxyAccept::optional) {
    notes.push_back("a PROXY header" + from + ", if there is one, says who the client is");
  }
  const bool takes_all = admission.allow.empty() && admission.deny.empty();
  if (client.empty() && !takes_all) {
    notes.emplace_back("access goes by the client, and none was named");
  }
  return notes;
}

// What else decides who is chosen.
std::vector<std::string> notes_on(const config::Balance& balance) {
  std::vector<std::string> notes;
  if (balance.policy != config::Policy::hash && balance.policy != config::Policy::maglev) {
    return notes;
  }
  if (balance.hash.key == config::HashKey::client) {
    notes.emplace_back("the client's port is hashed too: its next connection may go elsewhere");
  }
  if (balance.hash.max_load != 0) {
    notes.push_back("nobody takes more than " + config::text(balance.hash.max_load) +
                    " times its share of the connections");
  }
  return notes;
}

std::string warming_note(const registry::Instance& instance) {
  const std::uint32_t warmth = instance.live->warmth.load(std::memory_order_relaxed);
  return *instance.id + " is warming up: it has " +
         std::to_string(warmth * 100 / registry::kFullWarmth) + " % of its weight";
}

std::string panic_note(const registry::Service& service) {
  return "panic: with " + std::to_string(service.able) + " of " +
         std::to_string(service.able + service.unable) +
         " eligible, all are taken that are not drained, in maintenance or starting";
}

// What a listener's connections get: the service of its own, or what its routes name. Empty words:
// no route takes the client.
config::Target find_target(const config::Listener& listener, admin::Explanation& told) {
  if (listener.routes.empty()) {
    told.route = "default";
    return {listener.service, listener.selector};
  }
  const auto taken = std::ranges::find_if(told.routes, &admin::RouteShown::is_taken);
  if (taken == told.routes.end()) return {};
  told.route = taken->route;
  const auto& way = *std::ranges::max_element(taken->ways, {}, &admin::WayShown::share);
  if (taken->ways.size() > 1) {
    told.notes.push_back("the route is split; shown is " + way.part +
                         ", which has the greatest share");
  }
  return {way.service, way.selector};
}

}  // namespace

std::optional<admin::Explanation> explain(const config::Config& config,
                                          const registry::Snapshot& snapshot,
                                          const std::vector<admin::FuseStatus>& fuses,
                                          const std::function<Crowd(const std::string&)>& crowd_of,
                                          const std::string& name, const std::string& client) {
  const config::Listener* listener = find_listener(config, name);
  if (listener == nullptr) return std::nullopt;
  admin::Explanation told;
  told.index = snapshot.index;
  told.listener = name;
  told.client = client;
  if (const auto admission = session::Admission::of(*listener)) {
    told.refused = why_refused(*admission, client);
    told.notes = notes_on(*admission, client);
  }
  told.routes = explain_routes(*listener, snapshot, fuses, client);
  const config::Target target = find_target(*listener, told);
  if (target.service.empty() && told.refused.empty()) {
    told.refused = "no route for " + (client.empty() ? "nobody in particular" : client);
  }
  told.why = told.refused;
  if (target.service.empty()) return told;

  const config::Service& service = *config.find_service(target.service);
  config::SelectorProblem problem;
  const config::Selector selector =
      config::Selector::parse(target.selector, problem).value_or(config::Selector());
  told.service = service.name;
  told.selector = selector.text();
  told.policy = config::word(service.balance.policy);
  for (std::string& note : notes_on(service.balance)) told.notes.push_back(std::move(note));
  const registry::Service* known = snapshot.find(service.name);
  if (known == nullptr) return told;

  const std::string zone = preferred_zone(service.balance, config.registry);
  if (known->panics) told.notes.push_back(panic_note(*known));
  std::vector<balance::Member> members = members_of(*known, selector, zone);
  for (balance::Member& member : members) member.live = copy_of(*member.live);
  const Found found = search(members, service.balance.zone);
  if (!zone.empty() && !found.has_enough_locals) {
    told.notes.push_back("all zones are taken: " + std::to_string(found.locals) + " eligible in " +
                         zone + ", and min_local is " +
                         std::to_string(service.balance.zone.min_local));
  }
  for (const auto& instance : known->instances) {
    admin::Candidate candidate{instance, instance->live->load.load(std::memory_order_relaxed), ""};
    candidate.out = why_out(*instance, selector, *instance->live, found, zone);
    if (instance->inputs.warming) told.notes.push_back(warming_note(*instance));
    told.candidates.push_back(std::move(candidate));
  }
  if (!told.refused.empty()) return told;

  const auto balancer = balance::make_balancer(service.balance, std::move(members));
  balance::Cursor cursor = balance::Cursor::seeded(0);
  const balance::Pick pick = balancer->pick({client}, {}, cursor);
  const std::string waits =
      pick || pick.full ? why_it_waits(service.limits, crowd_of(service.name), pick.full) : "";
  if (pick && waits.empty()) told.winner = pick.member->id();
  told.why = !waits.empty()             ? waits
             : pick                     ? how(service.balance, client)
             : known->instances.empty() ? "the service has no instance"
                                        : "no instance is eligible";
  return told;
}

}  // namespace sluice
