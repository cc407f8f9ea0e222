// Which addresses may be registered.
//
// Whoever may register an address makes the proxy connect to it, from inside its network and with
// its source address. So a registration must not reach what only the proxy can reach: the services
// of its own machine, a cloud's metadata, the API itself; nor lead a connection back into the
// proxy.
//
// A value: built with the configuration, immutable once shared, safe on any thread. Addresses come
// as Endpoints, i.e. as bytes; a text has been through Endpoint::parse() or parse_ip(), which know
// one spelling of each IPv4 address and neither names nor zones. What is judged is what is
// connected to: nothing is resolved afterwards.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cidr.h"
#include "config/endpoint.h"

namespace sluice::access {

// Refused, whatever `allowed` says:
//   - unix sockets, and port 0;
//   - 0.0.0.0/8 and ::, which Linux takes for this machine; broadcast; multicast; ::/96, IPv4
//   inside
//     of IPv6 in the form that RFC 4291 has given up (::1 is not meant);
//   - this proxy's own API and its listeners. On one port, all loopback addresses count as one
//   place,
//     127.0.0.0/8 and ::1 alike, and a bind on every address, of whichever family, as each loopback
//     address and each of `own_addresses`. That may refuse a harmless neighbour (127.0.0.2 beside a
//     listener on 127.0.0.1, on the same port); such an instance can stand in the configuration.
//
// Refused unless named in `allowed`, i.e. unless a prefix there holds the address and reaches no
// further than the group: 0.0.0.0/0 names none of them.
//   - link-local addresses: 169.254.0.0/16, fe80::/10;
//   - each cloud metadata service: 169.254.169.254, fd00:ec2::254 (Amazon), fd20:ce::254 (Google),
//     100.100.100.200 (Alibaba), 168.63.129.16 (Azure). Here a group is one address;
//   - loopback, where the API is open to other machines. Where it is not, whoever can register can
//     connect to loopback anyway.
//
// Of the rest, `allowed` names all that is taken; empty: everything is. IPv4-mapped addresses are
// judged as the IPv4 addresses that they mean.
struct AddressPolicy {
  std::vector<config::Cidr> allowed;
  std::optional<config::Endpoint> admin;          // the API's bind; nothing: there is none
  std::vector<config::Endpoint> listeners;        // all binds of all listeners
  std::vector<config::Endpoint> own_addresses{};  // of this machine's interfaces; ports are ignored

  // Why an address may not be registered, for whoever tried: "127.0.0.1:9901 is this proxy's own
  // API". Nothing: it may.
  std::optional<std::string> judge(const config::Endpoint& endpoint) const;

 private:
  bool reaches(const config::Endpoint& bind, const config::Endpoint& address) const;
  bool is_named(const config::Endpoint& address, const config::Cidr& group) const;
};

}  // namespace sluice::access
