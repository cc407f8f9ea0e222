#include "proxy/explain_routes.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "config/cidr.h"
#include "proxy/selection.h"

namespace sluice {

namespace {

using admin::RouteShown;
using admin::WayShown;

bool has_blown(const std::vector<admin::FuseStatus>& fuses, const std::string& listener,
               const std::string& route, const std::string& part) {
  return std::ranges::any_of(fuses, [&](const admin::FuseStatus& fuse) {
    return fuse.state == "blown" && fuse.listener == listener && fuse.route == route &&
           fuse.part == part;
  });
}

// As a draw does it: by the weights of those who have somebody, or else of all.
void share_out(std::vector<WayShown>& ways, const std::vector<double>& weights,
               const std::vector<double>& of_those_there) {
  const auto sum = [](const std::vector<double>& lots) {
    return std::accumulate(lots.begin(), lots.end(), 0.0);
  };
  const std::vector<double>& lots = sum(of_those_there) > 0 ? of_those_there : weights;
  for (std::size_t i = 0; i < ways.size(); ++i) ways[i].share = lots[i] / sum(lots);
}

std::vector<WayShown> ways_of(const config::Listener& listener, const config::Route& route,
                              const registry::Snapshot& snapshot,
                              const std::vector<admin::FuseStatus>& fuses) {
  if (route.split.empty()) return {{"", route.service, route.selector, 1, 1.0, ""}};
  std::vector<WayShown> ways;
  std::vector<double> weights, of_those_there;
  for (const config::Part& part : route.split) {
    WayShown& way = ways.emplace_back();
    way.part = part.name;
    way.service = part.service;
    way.selector = part.selector;
    way.weight = part.weight;
    const bool is_blown = has_blown(fuses, listener.name, route.name, part.name);
    const bool is_there = has_somebody(snapshot, part.service, part.selector);
    weights.push_back(is_blown ? 0 : part.weight);
    of_those_there.push_back(is_there ? weights.back() : 0);
    way.out = is_blown           ? "its fuse has blown"
              : part.weight == 0 ? "weight 0 takes nothing new"
              : !is_there        ? "nobody is there to take it"
                                 : "";
  }
  share_out(ways, weights, of_those_there);
  return ways;
}

// Whether its source holds the client.
bool matches(const config::Route& route, const std::string& client, std::string& why) {
  if (route.source.empty()) {
    why = "takes everybody";
    return true;
  }
  std::string wrong;
  const auto address = config::Endpoint::parse_ip(client, wrong);
  if (!address) {
    why = "goes by the client, and none was named";
    return false;
  }
  for (const config::Cidr& each : config::cidrs_of(route.source)) {
    if (!each.contains(*address)) continue;
    why = client + " lies in " + each.text() + " of its source";
    return true;
  }
  why = client + " lies in nothing of its source";
  return false;
}

}  // namespace

std::vector<RouteShown> explain_routes(const config::Listener& listener,
                                       const registry::Snapshot& snapshot,
                                       const std::vector<admin::FuseStatus>& fuses,
                                       const std::string& client) {
  std::vector<RouteShown> routes;
  bool is_taken = false;
  for (const config::Route& route : listener.routes) {
    RouteShown& shown = routes.emplace_back();
    shown.route = route.name;
    shown.is_taken = matches(route, client, shown.why) && !is_taken;
    if (is_taken) shown.why = "a route before it takes the client";
    is_taken = is_taken || shown.is_taken;
    shown.ways = ways_of(listener, route, snapshot, fuses);
  }
  return routes;
}

}  // namespace sluice
