#include "proxy/planner.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "config/selector.h"
#include "proxy/selection.h"

namespace sluice {

namespace {

config::Endpoint endpoint_of(const std::string& bind) {
  std::string why;
  const auto endpoint = config::Endpoint::parse(bind, why);
  if (!endpoint) throw std::runtime_error("cannot listen on " + bind + ": " + why);
  return *endpoint;
}

template <class Map, class Names>
void keep_only(Map& map, const Names& names) {
  std::erase_if(map, [&names](const auto& entry) { return !names.contains(entry.first); });
}

// Nobody of the service has had a verdict yet.
bool is_unproven(const registry::Service& service) {
  return !service.instances.empty() &&
         std::all_of(service.instances.begin(), service.instances.end(), [](const auto& instance) {
           return instance->inputs.check == registry::CheckState::checking;
         });
}

// The least of those that anybody waits for; 0: nobody does.
std::uint32_t suspect_after(const config::Service& service) {
  const std::uint32_t outlier = service.outlier.consecutive;
  const std::uint32_t breaker = service.breaker.failures;
  if (outlier == 0 || breaker == 0) return std::max(outlier, breaker);
  return std::min(outlier, breaker);
}

config::Selector selector_of(const std::string& text) {
  config::SelectorProblem problem;
  return config::Selector::parse(text, problem).value_or(config::Selector());
}

}  // namespace

SocketSet Planner::bind(const config::Config& config) const {
  SocketSet wanted;
  for (const config::Listener& listener : config.listeners) {
    for (const std::string& bind : listener.bind) {
      const config::Endpoint endpoint = endpoint_of(bind);
      const auto known = sockets_.find(endpoint);
      const auto leaving = leaving_.find(endpoint);
      const bool ours = leaving != leaving_.end() && !leaving->second.expired();
      wanted[endpoint] = known != sockets_.end()
                             ? known->second
                             : net::ListenSocket::bind(endpoint, workers_, ours);
    }
  }
  return wanted;
}

void Planner::listen(const SocketSet& sockets, const config::Config& config) {
  for (const config::Listener& listener : config.listeners) {
    const config::Tcp tcp = config::client_tcp(config, listener);
    for (const std::string& bind : listener.bind) {
      sockets.at(endpoint_of(bind))->listen(listener.backlog, tcp);
    }
  }
}

void Planner::adopt(SocketSet sockets) {
  std::erase_if(leaving_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [endpoint, socket] : sockets_) {
    if (!sockets.contains(endpoint)) leaving_[endpoint] = socket;
  }
  sockets_ = std::move(sockets);
  last_.reset();
}

std::shared_ptr<const Plan> Planner::plan(const config::Config& config,
                                          const registry::Snapshot& snapshot) {
  auto plan = std::make_shared<Plan>();
  plan->version = ++version_;
  plan->registry_index = snapshot.index;
  plan->sweep = sweep_;
  if (last_ == nullptr) {
    begin_afresh(config, *plan);
    for (const auto& [name, use] : uses_) follow(config, snapshot, use, *plan);
    keep_only(upstreams_, plan->upstreams);
  } else {
    plan->upstreams = last_->upstreams;
    plan->listeners = last_->listeners;
    snapshot.services.differences(seen_, [&](const std::string& name) {
      const auto use = uses_.find(name);
      if (use != uses_.end()) follow(config, snapshot, use->second, *plan);
    });
  }
  seen_ = snapshot.services;
  last_ = plan;
  return plan;
}

void Planner::begin_afresh(const config::Config& config, Plan& plan) {
  uses_.clear();
  for (const config::Service& service : config.services) uses_[service.name].service = &service;
  std::set<std::string> names;
  for (const config::Listener& listener : config.listeners) {
    names.insert(listener.name);
    uses_.at(listener.service).listeners.push_back(plan.listeners.size());
    ListenerPlan& line = plan.listeners.emplace_back();
    for (const std::string& bind : listener.bind) {
      line.sockets.push_back(sockets_.at(endpoint_of(bind)));
    }
  }
  keep_only(lines_, names);
}

// Has the plan show what the snapshot says of a service.
void Planner::follow(const config::Config& config, const registry::Snapshot& snapshot,
                     const Use& use, Plan& plan) {
  const auto whole = upstream(config, *use.service, "", snapshot);
  plan.upstreams.put(whole);
  for (const std::size_t place : use.listeners) {
    const config::Listener& listener = config.listeners[place];
    auto chosen = whole;
    if (!listener.selector.empty()) {
      chosen = upstream(config, *use.service, listener.selector, snapshot);
      plan.upstreams.put(chosen);
    }
    plan.listeners[place].route = route(config, listener, std::move(chosen));
  }
}

std::shared_ptr<const Plan> Planner::drain_plan(const Plan& last, DrainPlan drain) {
  auto plan = std::make_shared<Plan>();
  plan->version = ++version_;
  plan->registry_index = last.registry_index;
  plan->upstreams = last.upstreams;
  plan->sweep = sweep_;
  plan->drain = drain;
  sockets_.clear();
  last_.reset();
  return plan;
}

std::shared_ptr<const session::Upstream> Planner::upstream(const config::Config& config,
                                                           const config::Service& service,
                                                           const std::string& selector_text,
                                                           const registry::Snapshot& snapshot) {
  const config::Selector selector = selector_of(selector_text);
  const std::string key = selection_key(service.name, selector);
  const registry::Service* known = snapshot.find(service.name);
  const std::uint64_t topology = known != nullptr ? topology_of(*known, selector) : 0;
  Built& built = upstreams_[key];
  const config::Tcp tcp = config::instance_tcp(config, service);
  const std::string zone = preferred_zone(service.balance, config.registry);
  const bool same_members = built.upstream != nullptr && built.topology == topology &&
                            built.balance == service.balance && built.zone == zone;
  if (same_members && built.upstream->retry == service.retry &&
      built.upstream->suspect_after == suspect_after(service) && built.upstream->tcp == tcp &&
      built.introduction == service.proxy_protocol) {
    return built.upstream;
  }
  if (built.upstream != nullptr && known != nullptr && is_unproven(*known)) return built.upstream;
  auto upstream = std::make_shared<session::Upstream>();
  upstream->key = key;
  upstream->service = service.name;
  upstream->retry = service.retry;
  upstream->suspect_after = suspect_after(service);
  upstream->tcp = tcp;
  if (auto introduction = session::Introduction::of(service.proxy_protocol)) {
    upstream->introduction = std::make_shared<session::Introduction>(std::move(*introduction));
  }
  upstream->cells = metrics_.service(service.name);
  upstream->balancer =
      same_members ? built.upstream->balancer
                   : balance::make_balancer(service.balance,
                                            known != nullptr ? members_of(*known, selector, zone)
                                                             : std::vector<balance::Member>{});
  built = {topology, service.balance, zone, service.proxy_protocol, std::move(upstream)};
  return built.upstream;
}

std::shared_ptr<const session::Route> Planner::route(
    const config::Config& config, const config::Listener& listener,
    std::shared_ptr<const session::Upstream> upstream) {
  const config::Service& service = *config.find_service(listener.service);
  const config::Timeouts timeouts = config::resolve_timeouts(config, listener, service);
  const config::Relay relay = config::resolve_relay(config, listener, service);
  Line& line = lines_[listener.name];
  const bool same = line.route != nullptr && line.route->upstream == upstream &&
                    line.config == listener && line.timeouts == timeouts && line.relay == relay;
  if (same) return line.route;
  auto route = std::make_shared<session::Route>();
  route->listener = listener.name;
  route->timeouts = timeouts;
  route->relay = relay;
  route->accept = listener.accept;
  route->access_log = listener.access_log;
  route->connection_limit = listener.limits.connections;
  if (auto admission = session::Admission::of(listener)) {
    route->admission = std::make_shared<session::Admission>(std::move(*admission));
  }
  route->turnstile = line.route != nullptr ? line.route->turnstile : nullptr;
  route->no_instance = listener.no_instance;
  route->asks_turnstile = session::Turnstile::is_needed(listener.limits);
  if (route->turnstile) {
    route->turnstile->reconfigure(listener.limits);
  } else if (route->asks_turnstile) {
    route->turnstile = std::make_shared<session::Turnstile>(listener.limits);
  }
  route->life =
      line.route != nullptr ? line.route->life : std::make_shared<session::ListenerLife>();
  route->listener_cells = metrics_.listener(listener.name);
  route->cells = metrics_.route(listener.name, listener.service);
  route->upstream = std::move(upstream);
  line = {listener, timeouts, relay, std::move(route)};
  return line.route;
}

std::vector<std::shared_ptr<session::ListenerLife>> Planner::lives_not_in(
    const config::Config& config) const {
  std::vector<std::shared_ptr<session::ListenerLife>> lives;
  for (const auto& [name, line] : lines_) {
    const bool stays = std::any_of(config.listeners.begin(), config.listeners.end(),
                                   [&](const auto& listener) { return listener.name == name; });
    if (!stays) lives.push_back(line.route->life);
  }
  return lives;
}

std::vector<std::string> Planner::addresses(const config::Config& config) const {
  std::vector<std::string> addresses;
  for (const config::Listener& listener : config.listeners) {
    for (const std::string& bind : listener.bind) {
      addresses.push_back(sockets_.at(endpoint_of(bind))->endpoint().text());
    }
  }
  return addresses;
}

}  // namespace sluice
