#include "proxy/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <optional>

namespace sluice {

namespace {

std::optional<config::Endpoint> endpoint_of(const sockaddr* address) {
  config::Endpoint endpoint;
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    std::memcpy(endpoint.ip.data(), &v4->sin_addr, sizeof(v4->sin_addr));
    return endpoint;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  endpoint.family = config::Endpoint::Family::ipv6;
  std::memcpy(endpoint.ip.data(), &v6->sin6_addr, sizeof(v6->sin6_addr));
  return endpoint;
}

}  // namespace

std::vector<config::Endpoint> own_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  std::vector<config::Endpoint> addresses;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (const auto endpoint = endpoint_of(each->ifa_addr)) addresses.push_back(*endpoint);
  }
  return addresses;
}

}  // namespace sluice
