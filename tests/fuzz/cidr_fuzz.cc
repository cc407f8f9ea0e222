// A prefix, an address with its port and another prefix, with NULs between them.
#include "config/cidr.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::cidr_target {

using namespace sluice::config;

namespace {

std::optional<Cidr> parse_prefix(std::string_view text) {
  std::string why;
  const auto prefix = Cidr::parse(text, why);
  if (!prefix) require_message(why);
  return prefix;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string why;
  const auto endpoint = Endpoint::parse(text, why);
  if (!endpoint) {
    require_message(why);
    return std::nullopt;
  }
  require(Endpoint::parse(endpoint->text(), why) == endpoint, "what is written is read back");
  const bool has_ip = endpoint->family != Endpoint::Family::unix_path;
  require(Endpoint::parse_ip(endpoint->host(), why).has_value() == has_ip,
          "an IP address can be read alone");
  return endpoint;
}

bool bit_of(const std::array<std::uint8_t, 16>& ip, std::size_t bit) {
  return (ip[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

// What contains() answers, bit by bit.
bool shares_bits(const Cidr& prefix, const Endpoint& address) {
  const Endpoint meant = address.unmapped();
  if (meant.family != prefix.family) return false;
  for (std::size_t bit = 0; bit < prefix.bits; ++bit) {
    if (bit_of(meant.ip, bit) != bit_of(prefix.ip, bit)) return false;
  }
  return true;
}

void require_sound(const Cidr& prefix) {
  std::string why;
  const std::size_t longest = prefix.family == Endpoint::Family::ipv4 ? 32 : 128;
  require(prefix.family != Endpoint::Family::unix_path, "a prefix is of IP addresses");
  require(prefix.bits <= longest, "a prefix is no longer than an address");
  for (std::size_t bit = prefix.bits; bit < 128; ++bit) {
    require(!bit_of(prefix.ip, bit), "below the prefix there is nothing");
  }
  require(Cidr::parse(prefix.text(), why) == prefix, "what is written is read back");
  require(prefix.contains(prefix), "a prefix holds itself");
}

}  // namespace

SLUICE_FUZZ_TARGET(cidr) {
  std::string_view rest = text_of(data, size);
  const auto one = parse_prefix(next_text(rest));
  const auto address = parse_endpoint(next_text(rest));
  const auto other = parse_prefix(rest);
  for (const auto& prefix : {one, other}) {
    if (!prefix) continue;
    require_sound(*prefix);
    if (address) {
      require(prefix->contains(*address) == shares_bits(*prefix, *address),
              "an address lies in a prefix by its first bits");
    }
  }
  if (address && one && address->family != Endpoint::Family::unix_path) {
    const Cidr around = Cidr::around(*address, one->bits % 33, one->bits);
    require_sound(around);
    require(around.contains(*address), "an address lies in the prefix around it");
  }
  if (one && other && address && one->contains(*other) && other->contains(*address)) {
    require(one->contains(*address), "what lies in a part lies in the whole");
  }
  return 0;
}

}  // namespace sluice::fuzz::cidr_target
