#include "config/cidr.h"

#include <algorithm>

#include "config/printable.h"
#include "config/units.h"

namespace sluice::config {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr std::size_t kLongestPrefix = 64;  // the longest IPv6 address with its bits has 49 bytes
constexpr std::uint8_t kMappedBits = 96;

std::uint8_t full_length(Endpoint::Family family) {
  return family == Endpoint::Family::ipv4 ? 32 : 128;
}

// The first `bits` of `ip`; the others 0.
Bytes16 first_bits(const Bytes16& ip, std::uint8_t bits) {
  Bytes16 first{};
  const std::size_t whole = bits / 8;
  std::copy_n(ip.begin(), whole, first.begin());
  if (bits % 8 != 0) first[whole] = static_cast<std::uint8_t>(ip[whole] & (0xff00u >> (bits % 8)));
  return first;
}

// Of an address as it is written, mapped or not.
Cidr prefix_of(const Endpoint& address, std::uint8_t bits) {
  return {address.family, first_bits(address.ip, bits), bits};
}

}  // namespace

std::optional<Cidr> Cidr::parse(std::string_view text, std::string& why) {
  if (text.size() > kLongestPrefix) {
    why = in_quotes(text) + " is too long for an address and its prefix";
    return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  const auto address = Endpoint::parse_ip(text.substr(0, slash), why);
  if (!address) return std::nullopt;

  std::uint8_t bits = full_length(address->family);
  if (slash != std::string_view::npos) {
    const auto said = parse_whole(text.substr(slash + 1), bits, why);
    if (!said) {
      why = "the length of the prefix, " + why + "; write " + address->host() + "/" +
            std::to_string(bits) + " for that address alone";
      return std::nullopt;
    }
    bits = static_cast<std::uint8_t>(*said);
  }
  const Cidr prefix = prefix_of(*address, bits);
  if (prefix.ip != address->ip) {
    why = in_quotes(text) + " has bits set below the prefix; the prefix is " + prefix.text();
    return std::nullopt;
  }
  if (!address->is_v4_mapped() || bits < kMappedBits) return prefix;
  return prefix_of(address->unmapped(), static_cast<std::uint8_t>(bits - kMappedBits));
}

Cidr Cidr::around(const Endpoint& address, std::uint8_t bits_v4, std::uint8_t bits_v6) {
  const Endpoint meant = address.unmapped();
  return prefix_of(meant, meant.family == Endpoint::Family::ipv4 ? bits_v4 : bits_v6);
}

bool Cidr::contains(const Endpoint& address) const {
  const Endpoint meant = address.unmapped();
  return meant.family == family && first_bits(meant.ip, bits) == ip;
}

bool Cidr::contains(const Cidr& other) const {
  return other.family == family && other.bits >= bits && first_bits(other.ip, bits) == ip;
}

std::string Cidr::text() const {
  Endpoint first;
  first.family = family;
  first.ip = ip;
  return first.host() + "/" + std::to_string(bits);
}

std::vector<Cidr> cidrs_of(std::span<const std::string> texts) {
  std::vector<Cidr> cidrs;
  std::string why;
  for (const std::string& text : texts) {
    if (const auto cidr = Cidr::parse(text, why)) cidrs.push_back(*cidr);
  }
  return cidrs;
}

bool is_in(std::span<const Cidr> prefixes, const Endpoint& address) {
  return std::ranges::any_of(prefixes, [&](const Cidr& p) { return p.contains(address); });
}

}  // namespace sluice::config
