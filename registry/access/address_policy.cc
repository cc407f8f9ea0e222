#include "registry/access/address_policy.h"

#include <algorithm>
#include <string_view>

namespace sluice::access {
namespace {

using config::Cidr;
using config::Endpoint;

enum class Rule : std::uint8_t { never, when_named, as_admin };

struct Group {
  Cidr prefix;
  Rule rule;
  std::string_view what;
};

Cidr cidr(std::string_view text) {
  std::string why;
  return Cidr::parse(text, why).value();
}

// The first that holds an address decides.
const std::vector<Group>& groups() {
  static const std::vector<Group> kGroups = {
      {cidr("0.0.0.0/8"), Rule::never, "no address of an instance, it stands for this machine"},
      {cidr("::/128"), Rule::never, "no address of an instance, it stands for every one"},
      {cidr("255.255.255.255/32"), Rule::never, "the broadcast address"},
      {cidr("224.0.0.0/4"), Rule::never, "a multicast address"},
      {cidr("ff00::/8"), Rule::never, "a multicast address"},
      {cidr("127.0.0.0/8"), Rule::as_admin, "a loopback address"},
      {cidr("::1/128"), Rule::as_admin, "a loopback address"},
      {cidr("::/96"), Rule::never, "an IPv4 address in a form that is deprecated"},
      {cidr("169.254.169.254"), Rule::when_named, "a cloud's metadata service"},
      {cidr("fd00:ec2::254"), Rule::when_named, "a cloud's metadata service"},
      {cidr("fd20:ce::254"), Rule::when_named, "a cloud's metadata service"},
      {cidr("100.100.100.200"), Rule::when_named, "a cloud's metadata service"},
      {cidr("168.63.129.16"), Rule::when_named, "a cloud's metadata service"},
      {cidr("169.254.0.0/16"), Rule::when_named, "a link-local address"},
      {cidr("fe80::/10"), Rule::when_named, "a link-local address"},
  };
  return kGroups;
}

const Group* group_of(const Endpoint& address) {
  const auto found =
      std::ranges::find_if(groups(), [&](const Group& g) { return g.prefix.contains(address); });
  return found == groups().end() ? nullptr : &*found;
}

bool is_same_ip(const Endpoint& a, const Endpoint& b) {
  return a.family == b.family && a.ip == b.ip;
}

}  // namespace

std::optional<std::string> AddressPolicy::judge(const Endpoint& endpoint) const {
  const std::string name = endpoint.text();
  if (endpoint.family == Endpoint::Family::unix_path) {
    return name + " is a unix socket; only IP addresses can be registered";
  }
  if (endpoint.port == 0) return name + " has the port 0, which is none to connect to";

  const Endpoint address = endpoint.unmapped();
  const Group* const group = group_of(address);
  if (group != nullptr && group->rule == Rule::never) {
    return name + " is " + std::string(group->what);
  }
  if (admin && reaches(*admin, address)) return name + " is this proxy's own API";
  for (const Endpoint& listener : listeners) {
    if (!reaches(listener, address)) continue;
    return name + " is this proxy's own listener " + listener.text() +
           ": connections would go round";
  }
  const bool is_local_api = !admin || admin->is_loopback();
  if (group != nullptr && !(group->rule == Rule::as_admin && is_local_api) &&
      !is_named(address, group->prefix)) {
    return name + " is " + std::string(group->what) + ", which registry.allow does not name (" +
           group->prefix.text() + ")";
  }
  if (!allowed.empty() && !config::is_in(allowed, address)) {
    return name + " lies in none of the prefixes of registry.allow";
  }
  return std::nullopt;
}

// Whether a connection to `address`, which is unmapped, may arrive at what is bound to `bind`.
bool AddressPolicy::reaches(const Endpoint& bind, const Endpoint& address) const {
  const Endpoint own = bind.unmapped();
  if (own.family == Endpoint::Family::unix_path || own.port != address.port) return false;
  if (is_same_ip(own, address)) return true;
  if (address.is_loopback()) return own.is_wildcard() || own.is_loopback();
  return own.is_wildcard() && std::ranges::any_of(own_addresses, [&](const Endpoint& mine) {
           return is_same_ip(mine.unmapped(), address);
         });
}

bool AddressPolicy::is_named(const Endpoint& address, const Cidr& group) const {
  return std::ranges::any_of(allowed, [&](const Cidr& prefix) {
    return group.contains(prefix) && prefix.contains(address);
  });
}

}  // namespace sluice::access
