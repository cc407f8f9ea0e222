#include "proxy/planner.h"

#include <algorithm>
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

std::string key_of(const config::Target& target) {
  std::string service(target.service);
  if (target.selector.empty()) return service;
  return selection_key(service, selector_of(std::string(target.selector)));
}

std::shared_ptr<const session::Upstream> nobody(std::size_t workers) {
  auto upstream = std::make_shared<session::Upstream>();
  upstream->balancer = balance::make_balancer({}, {});
  upstream->cells = std::make_shared<metrics::ServiceCells>(workers, "");
  upstream->row = session::Line::row(std::make_shared<session::Line>(upstream->cells), "", false);
  return upstream;
}

}  // namespace

std::uint64_t plan_period_ms(std::uint64_t took_us) {
  return std::clamp(took_us * 2 / 1000, std::uint64_t{5}, std::uint64_t{100});
}

Planner::Planner(std::size_t workers, metrics::Metrics& metrics)
    : workers_(workers), metrics_(metrics), nobody_(nobody(workers)) {}

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
  plan->busy_poll = config.process.busy_poll;
  std::set<std::size_t> concerned;
  const auto show = [&](const Use& use) {
    follow(config, snapshot, use, *plan);
    concerned.insert(use.listeners.begin(), use.listeners.end());
  };
  if (last_ == nullptr) {
    begin_afresh(config, *plan);
    for (const auto& [name, use] : uses_) show(use);
    keep_only(upstreams_, plan->upstreams);
  } else {
    plan->upstreams = last_->upstreams;
    plan->listeners = last_->listeners;
    snapshot.services.differences(seen_, [&](const std::string& name) {
      const auto use = uses_.find(name);
      if (use != uses_.end()) show(use->second);
    });
  }
  for (const std::size_t place : concerned) {
    plan->listeners[place].route = route(config, config.listeners[place], *plan);
  }
  seen_ = snapshot.services;
  last_ = plan;
  return plan;
}

void Planner::begin_afresh(const config::Config& config, Plan& plan) {
  uses_.clear();
  std::erase_if(queues_, [](const auto& entry) { return entry.second.expired(); });
  for (const config::Service& service : config.services) uses_[service.name].service = &service;
  std::set<std::string> names;
  for (const config::Listener& listener : config.listeners) {
    names.insert(listener.name);
    for (const config::Target& target : config::targets_of(listener)) {
      uses_.at(std::string(target.service)).listeners.insert(plan.listeners.size());
    }
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
  plan.upstreams.put(upstream(config, *use.service, "", snapshot));
  for (const std::size_t place : use.listeners) {
    for (const config::Target& target : config::targets_of(config.listeners[place])) {
      if (target.service != use.service->name || target.selector.empty()) continue;
      plan.upstreams.put(upstream(config, *use.service, std::string(target.selector), snapshot));
    }
  }
}

std::shared_ptr<const Plan> Planner::drain_plan(const Plan& last, DrainPlan drain) {
  auto plan = std::make_shared<Plan>();
  plan->version = ++version_;
  plan->registry_index = last.registry_index;
  plan->upstreams = last.upstreams;
  plan->sweep = sweep_;
  plan->drain = drain;
  plan->busy_poll = last.busy_poll;
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
      built.upstream->limits == service.limits &&
      built.upstream->suspect_after == suspect_after(service) && built.upstream->tcp == tcp &&
      built.introduction == service.proxy_protocol) {
    return built.upstream;
  }
  if (built.upstream != nullptr && known != nullptr && is_unproven(*known)) return built.upstream;
  auto upstream = std::make_shared<session::Upstream>();
  upstream->key = key;
  upstream->service = service.name;
  upstream->retry = service.retry;
  upstream->limits = service.limits;
  upstream->suspect_after = suspect_after(service);
  upstream->tcp = tcp;
  if (auto introduction = session::Introduction::of(service.proxy_protocol)) {
    upstream->introduction = std::make_shared<session::Introduction>(std::move(*introduction));
  }
  upstream->cells = metrics_.service(service.name);
  const auto line = queue_of(service.name);
  upstream->row = session::Line::row(line, key, false);
  upstream->retrying_row = session::Line::row(line, key, true);
  upstream->balancer =
      same_members ? built.upstream->balancer
                   : balance::make_balancer(service.balance,
                                            known != nullptr ? members_of(*known, selector, zone)
                                                             : std::vector<balance::Member>{});
  built = {topology, service.balance, zone, service.proxy_protocol, std::move(upstream)};
  return built.upstream;
}

// One for as long as anybody may wait in it.
std::shared_ptr<session::Line> Planner::queue_of(const std::string& service) {
  std::weak_ptr<session::Line>& known = queues_[service];
  auto line = known.lock();
  if (!line) known = line = std::make_shared<session::Line>(metrics_.service(service));
  return line;
}

// What a listener's connections begin with. Requires: the plan has the upstreams that it leads to.
std::shared_ptr<const session::Route> Planner::route(const config::Config& config,
                                                     const config::Listener& listener,
                                                     const Plan& plan) {
  Line& line = lines_[listener.name];
  if (line.route == nullptr || !(line.config == listener)) {
    line.config = listener;
    line.ways.clear();
    if (line.life == nullptr) line.life = std::make_shared<session::ListenerLife>();
    if (line.turnstile) {
      line.turnstile->reconfigure(listener.limits);
    } else if (session::Turnstile::is_needed(listener.limits)) {
      line.turnstile = std::make_shared<session::Turnstile>(listener.limits);
    }
  }
  line.route = listener.routes.empty()
                   ? way(config, line, "default", "", {listener.service, listener.selector}, plan)
                   : entrance(config, line, plan);
  return line.route;
}

std::shared_ptr<const session::Route> Planner::entrance(const config::Config& config, Line& line,
                                                        const Plan& plan) {
  std::vector<session::Fork::Rule> rules;
  for (const config::Route& each : line.config.routes) {
    session::Fork::Rule& rule = rules.emplace_back();
    rule.source = config::cidrs_of(each.source);
    if (each.split.empty()) {
      rule.ways.push_back(way(config, line, each.name, "", {each.service, each.selector}, plan));
    }
    for (const config::Part& part : each.split) {
      rule.ways.push_back(
          way(config, line, each.name, part.name, {part.service, part.selector}, plan));
    }
  }
  const config::Timeouts timeouts = config::resolve_timeouts(config, line.config, {});
  const bool same = line.route != nullptr && line.route->fork != nullptr &&
                    line.route->fork->rules() == rules && line.route->timeouts == timeouts;
  if (same) return line.route;
  auto route = begin_route(line);
  route->fork = std::make_shared<session::Fork>(std::move(rules));
  route->upstream = nobody_;
  route->timeouts = timeouts;
  route->cells = metrics_.route(line.config.name, "");
  return route;
}

std::shared_ptr<const session::Route> Planner::way(const config::Config& config, Line& line,
                                                   const std::string& name, const std::string& part,
                                                   const config::Target& target, const Plan& plan) {
  const auto upstream = plan.upstreams.find(key_of(target));
  const config::Service& service = *config.find_service(target.service);
  const config::Timeouts timeouts = config::resolve_timeouts(config, line.config, service);
  const config::Relay relay = config::resolve_relay(config, line.config, service);
  auto& known = line.ways[{name, part}];
  const bool same = known != nullptr && known->upstream == upstream &&
                    known->timeouts == timeouts && known->relay == relay;
  if (same) return known;
  auto route = begin_route(line);
  route->name = name;
  if (!part.empty()) route->part = metrics_.part(line.config.name, name, part);
  route->upstream = upstream;
  route->timeouts = timeouts;
  route->relay = relay;
  route->cells = metrics_.route(line.config.name, service.name);
  known = std::move(route);
  return known;
}

// With what is the listener's own.
std::shared_ptr<session::Route> Planner::begin_route(const Line& line) {
  const config::Listener& listener = line.config;
  auto route = std::make_shared<session::Route>();
  route->listener = listener.name;
  route->accept = listener.accept;
  route->access_log = listener.access_log;
  route->connection_limit = listener.limits.connections;
  route->over_limit = listener.over_limit;
  if (auto admission = session::Admission::of(listener)) {
    route->admission = std::make_shared<session::Admission>(std::move(*admission));
  }
  route->turnstile = line.turnstile;
  route->asks_turnstile = session::Turnstile::is_needed(listener.limits);
  route->no_instance = listener.no_instance;
  route->life = line.life;
  route->listener_cells = metrics_.listener(listener.name);
  return route;
}

std::vector<std::shared_ptr<session::ListenerLife>> Planner::lives_not_in(
    const config::Config& config) const {
  std::vector<std::shared_ptr<session::ListenerLife>> lives;
  for (const auto& [name, line] : lines_) {
    const bool stays = std::any_of(config.listeners.begin(), config.listeners.end(),
                                   [&](const auto& listener) { return listener.name == name; });
    if (!stays) lives.push_back(line.life);
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
