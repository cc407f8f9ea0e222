// A set of IP addresses that share their first bits: "10.0.0.0/8", "2001:db8::/32", "::1/128".
//
// For the lists of the configuration that allow or deny, and to tell sources apart. A value:
// compared with ==, ordered, safe on any thread. Notation: RFC 4632, section 3.1, and RFC 4291,
// section 2.3.
//
// An IPv4-mapped IPv6 address is the IPv4 address that it means to the kernel, in both directions:
// ::ffff:10.0.0.1 lies in 10.0.0.0/8, and ::ffff:10.0.0.0/104 is 10.0.0.0/8 written otherwise. So
// an IPv6 prefix, "::/0" included, holds no IPv4 address in any spelling.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"

namespace sluice::config {

struct Cidr {
  Endpoint::Family family = Endpoint::Family::ipv4;  // ipv4 or ipv6
  std::array<std::uint8_t, 16> ip{};  // network order, 0 below the prefix; four bytes for IPv4
  std::uint8_t bits = 0;              // of the prefix: at most 32 for IPv4, 128 for IPv6

  // Reads "ADDRESS/BITS", or an address alone, which is a prefix of full length. Nothing on
  // failure: `why` says what is wrong, in words for the operator. Bits that are set below the
  // prefix are an error that names the prefix: whoever writes 10.1.2.3/8 means one of two things.
  static std::optional<Cidr> parse(std::string_view text, std::string& why);

  // The prefix of so many bits that an address lies in, by its family. Requires: an IP address, at
  // most 32 and 128 bits.
  static Cidr around(const Endpoint& address, std::uint8_t bits_v4, std::uint8_t bits_v6);

  // Whether an address lies in it; its port does not matter. A unix socket lies nowhere.
  bool contains(const Endpoint& address) const;
  // Whether all of the other lies in it.
  bool contains(const Cidr& other) const;

  std::string text() const;  // canonical, always with the bits: "10.0.0.1/32"

  friend auto operator<=>(const Cidr&, const Cidr&) = default;
  friend bool operator==(const Cidr&, const Cidr&) = default;
};

// Those of the texts that parse() takes, in their order.
std::vector<Cidr> cidrs_of(std::span<const std::string> texts);

// Whether an address lies in one of them.
bool is_in(std::span<const Cidr> prefixes, const Endpoint& address);

}  // namespace sluice::config
