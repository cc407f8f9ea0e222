#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/bound_addresses.h"
#include "config/check.h"
#include "config/check_name.h"
#include "config/nearest.h"
#include "config/printable.h"
#include "config/selector.h"
#include "config/within.h"

namespace sluice::config {
namespace {

constexpr std::size_t kLongestListenerName = 128;  // "unix:" and the longest path fit
constexpr std::size_t kLongestMeta = 4096;
constexpr std::size_t kMostLabels = 64;

class Topology {
 public:
  Topology(const Config& config, const Site& root)
      : config_(config),
        defaults_(root.key("defaults")),
        listeners_(root.key("listeners")),
        services_(root.key("services")) {}

  void check() {
    learn_services();
    check_listeners();
    check_services();
  }

 private:
  void learn_services() {
    for (const Service& service : config_.services) {
      if (service.name.empty()) continue;
      if (by_name_.emplace(service.name, &service).second) names_.push_back(service.name);
    }
  }

  void check_listeners() {
    if (config_.listeners.empty()) {
      listeners_.error(
          "no listener; a configuration needs at least one, with \"bind\" and \"service\"");
    }
    learn_admin();
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      check_listener(config_.listeners[i], listeners_.item(i));
    }
  }

  void learn_admin() {
    std::string why;
    const auto bind = Endpoint::parse(config_.admin.bind, why);
    if (bind) bound_.add(*bind, "admin.bind", listeners_);
  }

  void check_listener(const Listener& listener, const Site& site) {
    check_bind(listener, site.key("bind"));
    const Site name = site.key("name");
    if (!listener.name.empty()) {
      check_name(listener.name, "_.:[]/-", kLongestListenerName, name);
      if (!listener_names_.insert(listener.name).second) {
        name.error("another listener has the name " + in_quotes(listener.name));
      }
    }
    check_targets(listener, site);
  }

  void check_targets(const Listener& listener, const Site& site) {
    const Site routes = site.key("routes");
    if (listener.routes.empty()) return check_target(listener, "a listener", site);
    check_routes(listener, site);
    used_.insert(listener.service);  // if it is said beside them, it was meant
    for (std::size_t i = 0; i < listener.routes.size(); ++i) {
      const Route& route = listener.routes[i];
      const Site at = routes.item(i);
      if (route.split.empty()) check_target(route, "a route", at);
      for (std::size_t j = 0; j < route.split.size(); ++j) {
        check_target(route.split[j], "a part of a split", at.key("split").item(j));
      }
    }
  }

  void check_bind(const Listener& listener, const Site& site) {
    if (listener.bind.empty()) site.error("a listener needs an address to bind");
    const bool is_list = site.is_said() && site.node().kind == Node::Kind::list;
    for (std::size_t i = 0; i < listener.bind.size(); ++i) {
      std::string why;
      const auto endpoint = Endpoint::parse(listener.bind[i], why);
      if (!endpoint) continue;  // complete() has told
      const Site at = is_list ? site.item(i) : site;
      if (endpoint->is_v4_mapped()) {
        at.error("a listener on IPv6 takes IPv6 only; bind the IPv4 address itself");
      } else {
        bound_.add(*endpoint, "listener " + in_quotes(listener.name), at);
      }
    }
  }

  // Of a listener, a route or a part of a split: the service that it leads to, and the selector.
  template <class T>
  void check_target(const T& from, std::string_view what, const Site& around) {
    SelectorProblem problem;
    if (!Selector::parse(from.selector, problem)) around.key("selector").error(problem.text());
    const std::string& service = from.service;
    const Site site = around.key("service");
    const bool is_known = by_name_.contains(service);
    all_targets_known_ = all_targets_known_ && is_known;
    if (service.empty()) {
      site.error(std::string(what) + " needs the name of a service");
    } else if (is_known) {
      used_.insert(service);
    } else if (names_.empty() || !site.has_room()) {
      site.error("there is no service " + in_quotes(service));
    } else {
      site.error("there is no service " + in_quotes(service) + "; the nearest is " +
                 in_quotes(nearest(service, names_)));
    }
  }

  void check_services() {
    if (config_.services.empty()) {
      services_.error(
          "no service; a configuration needs at least one, with \"name\" and \"instances\"");
    }
    check_zone(config_.service_defaults, defaults_);
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      check_service(config_.services[i], services_.item(i));
    }
  }

  void check_service(const Service& service, const Site& site) {
    const Site name = site.key("name");
    if (service.name.empty()) {
      name.error("a service needs a name");
    } else {
      check_name(service.name, "_.:@+~-", kLongestName, name);
      if (by_name_.at(service.name) != &service) {
        name.error("another service has the name " + in_quotes(service.name));
      } else if (all_targets_known_ && !used_.contains(service.name)) {
        name.warn("no listener uses the service " + in_quotes(service.name));
      }
    }
    check_zone(service, site);
    check_instances(service, site);
  }

  void check_zone(const Service& service, const Site& site) {
    const Site at = site.key("balance").key("zone").key("prefer_local");
    if (!service.balance.zone.prefer_local || !config_.registry.zone.empty() || !at.is_said())
      return;
    at.warn("registry.zone does not say which zone this proxy is in, so that none is preferred");
  }

  void check_instances(const Service& service, const Site& site) {
    const Site instances = site.key("instances");
    if (service.instances.empty()) {
      if (!service.registration) {
        instances.error("a service that takes no registrations needs at least one instance");
      }
      return;
    }
    std::unordered_set<std::string_view> ids, addresses;
    std::uint64_t weight = 0;
    for (std::size_t i = 0; i < service.instances.size(); ++i) {
      const Instance& instance = service.instances[i];
      const Site at = instances.item(i);
      check_instance(instance, at);
      if (!addresses.insert(instance.address).second) {
        at.key("address").error("another instance of the service has the address " +
                                in_quotes(instance.address));
      } else if (!ids.insert(instance.id).second) {
        at.key("id").error("another instance of the service has the id " + in_quotes(instance.id));
      }
      weight += instance.weight;
    }
    if (weight == 0) instances.warn("every instance has the weight 0: none takes a connection");
    check_ring(service, weight, site);
  }

  void check_ring(const Service& service, std::uint64_t weight, const Site& site) {
    const std::uint64_t points = service.balance.hash.points * weight;
    if (service.balance.policy != Policy::hash || points <= kMaxRingPoints) return;
    site.key("balance").key("hash").key("points").error(
        "a ring of " + std::to_string(points) +
        " points (points times the sum of weights) is above " + std::to_string(kMaxRingPoints) +
        "; take smaller weights or fewer points");
  }

  void check_instance(const Instance& instance, const Site& site) {
    std::string why;
    if (const auto endpoint = Endpoint::parse(instance.address, why)) {
      const bool is_unix = endpoint->family == Endpoint::Family::unix_path;
      if (endpoint->is_wildcard()) {
        site.key("address").error(in_quotes(instance.address) +
                                  " is every address and none to connect to");
      } else if (!is_unix && endpoint->port == 0) {
        site.key("address").error("port 0 is none to connect to");
      }
    }
    // The address itself may stand as the id, with the "/" of a unix path.
    if (instance.id != instance.address) {
      check_name(instance.id, "_.:@+~[]-", kLongestName, site.key("id"));
    }
    within(site.key("weight"), instance.weight, 0, 65535);
    if (has_control(instance.zone) || instance.zone.size() > kLongestName) {
      site.key("zone").error(in_quotes(instance.zone) +
                             " is not a text of at most 253 bytes on one line");
    }
    check_labels(instance.labels, kLongestName, site.key("labels"));
    check_labels(instance.meta, kLongestMeta, site.key("meta"));
  }

  void check_labels(const Labels& labels, std::size_t longest, const Site& site) {
    if (labels.size() > kMostLabels) site.error("more than 64 entries");
    for (const auto& [key, value] : labels) {
      const Site at = site.key(key);
      check_name(key, "_./-", kLongestName, at);
      if (has_control(value) || value.size() > longest) {
        at.error(in_quotes(value) + " is not a text of at most " + std::to_string(longest) +
                 " bytes on one line");
      }
    }
  }

  const Config& config_;
  Site defaults_;
  Site listeners_;
  Site services_;
  std::unordered_map<std::string_view, const Service*> by_name_;
  std::vector<std::string_view> names_;
  std::unordered_set<std::string_view> used_;
  bool all_targets_known_ = true;  // else an unused service may be the one that was meant
  std::unordered_set<std::string_view> listener_names_;
  BoundAddresses bound_;
};

}  // namespace

void check_topology(const Config& config, const Site& root) {
  Topology(config, root).check();
}

}  // namespace sluice::config
