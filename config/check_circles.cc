// Connections that would go round for ever: a listener whose service has an instance that is that
// listener again, by itself or by way of others.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/check.h"
#include "config/printable.h"

namespace sluice::config {
namespace {

// Which listener of the file answers at an address. On a wildcard address only loopback ones are
// certain to be this machine's.
class Doors {
 public:
  explicit Doors(const std::vector<Listener>& listeners) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      for (const std::string& bind : listeners[i].bind) {
        if (const auto endpoint = parse(bind)) add(*endpoint, i);
      }
    }
  }

  std::optional<std::size_t> at(const std::string& address) const {
    const auto endpoint = parse(address);
    if (!endpoint) return std::nullopt;
    const auto found = exact_.find(*endpoint);
    if (found != exact_.end()) return found->second;
    const auto wild = wildcards_.find({endpoint->family, endpoint->port});
    if (wild == wildcards_.end() || !endpoint->is_loopback()) return std::nullopt;
    return wild->second;
  }

 private:
  static std::optional<Endpoint> parse(const std::string& text) {
    std::string why;
    return Endpoint::parse(text, why);
  }

  void add(const Endpoint& endpoint, std::size_t listener) {
    if (endpoint.family != Endpoint::Family::unix_path && endpoint.port == 0) return;
    exact_.emplace(endpoint, listener);
    if (endpoint.is_wildcard()) {
      wildcards_.emplace(std::pair(endpoint.family, endpoint.port), listener);
    }
  }

  std::map<Endpoint, std::size_t> exact_;
  std::map<std::pair<Endpoint::Family, std::uint16_t>, std::size_t> wildcards_;
};

// An instance of one service that is a listener of a service: of the same, or of another.
struct Hop {
  std::size_t from;
  std::size_t instance;
  std::size_t to;
  std::size_t listener;
};

std::vector<Hop> hops_of(const Config& config) {
  const Doors doors(config.listeners);
  std::unordered_map<std::string_view, std::size_t> services;
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    services.emplace(config.services[i].name, i);
  }
  std::vector<Hop> hops;
  for (std::size_t from = 0; from < config.services.size(); ++from) {
    const std::vector<Instance>& instances = config.services[from].instances;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      const auto listener = doors.at(instances[i].address);
      if (!listener) continue;
      for (const Target& target : targets_of(config.listeners[*listener])) {
        const auto to = services.find(target.service);
        if (to != services.end()) hops.push_back({from, i, to->second, *listener});
      }
    }
  }
  return hops;
}

// Drops the hops that begin where none ends or end where none begins, until the rest is circles and
// what joins them.
void keep_circles(std::vector<Hop>& hops, std::size_t services) {
  for (std::size_t before = hops.size() + 1; hops.size() < before;) {
    before = hops.size();
    std::vector<bool> begins(services), ends(services);
    for (const Hop& hop : hops) begins[hop.from] = ends[hop.to] = true;
    std::erase_if(hops, [&](const Hop& hop) { return !ends[hop.from] || !begins[hop.to]; });
  }
}

}  // namespace

void check_circles(const Config& config, const Site& root) {
  std::vector<Hop> hops = hops_of(config);
  keep_circles(hops, config.services.size());
  std::set<std::pair<std::size_t, std::size_t>> told;
  for (const Hop& hop : hops) {
    if (!told.emplace(hop.from, hop.instance).second) continue;  // by another route of the listener
    const Site instances = root.key("services").item(hop.from).key("instances");
    instances.item(hop.instance)
        .key("address")
        .error(in_quotes(config.services[hop.from].instances[hop.instance].address) +
               " is the listener " + in_quotes(config.listeners[hop.listener].name) +
               ": connections would go round for ever");
  }
}

}  // namespace sluice::config
