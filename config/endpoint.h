// An address that the operator wrote: where to listen, or where an instance is.
//
// Only literal addresses: "10.0.0.1:5432", "[2001:db8::1]:5432", "unix:/run/pg.sock". Names are not
// resolved here, so an Endpoint means the same thing wherever and whenever it is read. A value:
// compared with ==, ordered by family, address, port and path, safe on any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/frozen.h"

namespace sluice::config {

struct Endpoint {
  enum class Family : std::uint8_t { ipv4, ipv6, unix_path };

  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> ip{};  // network order; the first four bytes for IPv4
  std::uint16_t port = 0;             // host order; 0 for a unix path
  Text path;                          // of a unix socket, else empty

  // "10.0.0.1", "2001:db8::1" (canonical, no brackets) or "unix:/run/pg.sock".
  std::string host() const;
  // What parse() reads back: "10.0.0.1:5432", "[2001:db8::1]:5432", "unix:/run/pg.sock".
  std::string text() const;
  bool is_loopback() const;   // 127.0.0.0/8, ::1, v4-mapped loopback, or a unix path
  bool is_wildcard() const;   // 0.0.0.0 or ::, every address of the family
  bool is_v4_mapped() const;  // ::ffff:a.b.c.d; stays IPv6 here, as it was written
  // With a v4-mapped address as the IPv4 address that it means to the kernel; else the same.
  Endpoint unmapped() const;

  // Reads an address with its port. On failure returns nothing and says in `why`, in words for the
  // operator, what is wrong ("port 70000 is above 65535", "a host name needs a dns source, ...").
  // Requires neither a NUL-free nor a valid UTF-8 input. IPv6 zones ("%eth0") are refused, and so
  // are short forms of IPv4 ("127.1", octal, hex) and ports with leading zeros. IPv6 is read in
  // every form of RFC 4291; text() writes it in that of RFC 5952, so equal addresses have equal
  // texts.
  static std::optional<Endpoint> parse(std::string_view text, std::string& why);

  // Reads an IP address alone, as host() writes it: no port (it is 0 in what is returned), no
  // brackets, no unix socket. As strict as parse().
  static std::optional<Endpoint> parse_ip(std::string_view text, std::string& why);

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace sluice::config
