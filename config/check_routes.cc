#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <string_view>

#include "config/check.h"
#include "config/check_name.h"
#include "config/cidr.h"
#include "config/printable.h"
#include "config/within.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostRoutes = 256;
constexpr std::string_view kMarks = "_.:@+~-";

void check_sources(const Route& route, const Site& site) {
  for (std::size_t i = 0; i < route.source.size(); ++i) {
    std::string why;
    if (!Cidr::parse(route.source[i], why)) site.key("source").item(i).error(why);
  }
}

void check_fuse(const Fuse& fuse, const Site& site) {
  if (fuse.factor <= 1.0) site.key("factor").error("must be above 1");
  within(site.key("factor"), fuse.factor, 1.0, 10.0);
  within(site.key("min_connections"), fuse.min_connections, 1, 1'000'000);
  within(site.key("window"), fuse.window, 1s, 1h);
}

void check_split(const std::vector<Part>& split, const Site& site) {
  if (split.size() > kMostParts) site.error("more than " + std::to_string(kMostParts) + " parts");
  const auto sum =
      std::accumulate(split.begin(), split.end(), std::uint64_t{0},
                      [](std::uint64_t total, const Part& part) { return total + part.weight; });
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < split.size(); ++i) {
    const Part& part = split[i];
    const Site at = site.item(i);
    if (!part.name.empty()) {
      check_name(part.name, kMarks, kLongestName, at.key("name"));
      if (!names.insert(part.name).second) {
        at.key("name").error("another part of the split has the name " + in_quotes(part.name) +
                             "; give it one of its own");
      }
    }
    within(at.key("weight"), part.weight, 0, 65535);
    if (!part.fuse) continue;
    check_fuse(*part.fuse, at.key("fuse"));
    if (sum == part.weight) {
      at.key("fuse").error("needs another part with a weight, to take what this one gives up");
    }
  }
  if (sum == 0) site.error("every part has the weight 0: nobody would take a connection");
}

void check_route(const Route& route, const Site& site) {
  check_name(route.name, kMarks, kLongestName, site.key("name"));
  check_sources(route, site);
  if (route.split.empty()) return;
  if (!route.service.empty())
    site.key("split").error("stands beside \"service\"; write one of them");
  if (!route.selector.empty()) {
    site.key("selector").error("stands beside \"split\", whose parts have selectors of their own");
  }
  check_split(route.split, site.key("split"));
}

}  // namespace

void check_routes(const Listener& listener, const Site& site) {
  const Site routes = site.key("routes");
  if (!listener.service.empty()) {
    routes.error(
        "stands beside \"service\"; write one of them: a last route without conditions takes "
        "all that is left");
  }
  if (!listener.selector.empty()) {
    site.key("selector").error("stands beside \"routes\", which have selectors of their own");
  }
  if (listener.routes.size() > kMostRoutes) {
    routes.error("more than " + std::to_string(kMostRoutes) + " routes");
  }
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < listener.routes.size(); ++i) {
    const Route& route = listener.routes[i];
    const Site at = routes.item(i);
    check_route(route, at);
    if (route.source.empty() && i + 1 < listener.routes.size()) {
      at.error(
          "takes everybody, so what stands behind it is never reached; it must be the last, or "
          "say a source");
    } else if (!names.insert(route.name).second) {
      at.key("name").error("another route of the listener has the name " + in_quotes(route.name));
    }
  }
}

}  // namespace sluice::config
