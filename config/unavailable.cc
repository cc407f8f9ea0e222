#include "config/unavailable.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::config {
namespace {

// "listener." and "service." stand for "listeners[N]." and "services[N].", and for "defaults." too.
// Of lists within them the places are left out.
constexpr auto kLater = std::to_array<std::string_view>({
    "process.upgrade_socket",
    "process.user",
    "admin.tls",
    "telemetry",
    "registry.store.endpoints",
    "registry.store.prefix",
    "registry.store.tls",
    "registry.store.user",
    "registry.store.url",
    "listener.tcp.fast_open",
    "listener.tcp.congestion",
    "listener.tls",
    "listener.routes.sni",
    "service.tcp.fast_open",
    "service.tcp.congestion",
    "service.sources",
    "service.tls",
    "service.source",
});

constexpr auto kNoDefault =
    std::to_array<std::string_view>({"defaults.name", "defaults.bind", "defaults.service",
                                     "defaults.routes", "defaults.instances"});

constexpr std::string_view kNotYet = "is not available in this version";

bool is_later(std::string_view key) {
  return std::ranges::find(kLater, key) != kLater.end();
}

// "listeners[3].routes[0].sni" as "listener.routes.sni"; nothing if the path does not begin with
// `list`.
std::optional<std::string> in_any(std::string_view path, std::string_view list,
                                  std::string_view one) {
  if (!path.starts_with(list)) return std::nullopt;
  const std::size_t end = path.find("].");
  if (end == std::string_view::npos) return std::nullopt;
  std::string key(one);
  bool is_place = false;
  for (const char c : path.substr(end + 2)) {
    if (c == '[') is_place = true;
    if (!is_place) key += c;
    if (c == ']') is_place = false;
  }
  return key;
}

}  // namespace

std::string_view why_unavailable(std::string_view path) {
  constexpr std::string_view kDefaults = "defaults.";
  if (is_later(path)) return kNotYet;
  if (std::ranges::find(kNoDefault, path) != kNoDefault.end()) {
    return "has no default; it stands on each listener or service itself";
  }
  for (const auto& [list, one] :
       {std::pair("listeners[", "listener."), {"services[", "service."}}) {
    if (const auto key = in_any(path, list, one); key && is_later(*key)) return kNotYet;
    if (!path.starts_with(kDefaults)) continue;
    if (is_later(one + std::string(path.substr(kDefaults.size())))) return kNotYet;
  }
  return {};
}

}  // namespace sluice::config
