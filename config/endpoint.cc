#include "config/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "config/printable.h"

namespace sluice::config {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestUnixPath = 107;  // sun_path holds 108 with the NUL

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr Bytes16 kLoopback6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// inet_pton() wants a C string; a NUL inside would hide what follows it.
bool read_ip(int family, std::string_view text, Bytes16& ip) {
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), ip.data()) == 1;
}

bool read_port(std::string_view text, std::uint16_t& port, std::string& why) {
  if (text.empty()) {
    why = "no port after the \":\"";
    return false;
  }
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (text.size() > 1 && text[0] == '0')) {
    why = "port " + in_quotes(text) + " is not a plain decimal number";
    return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) {
    why = "port " + (text.size() <= 20 ? std::string(text) : in_quotes(text)) + " is above 65535";
    return false;
  }
  return true;
}

std::string why_not_ipv4(std::string_view host) {
  if (host.empty()) {
    return "no address before the port; write 0.0.0.0 for every IPv4 address, [::] for every IPv6 "
           "one";
  }
  if (host == "*")
    return "\"*\" is no address; write 0.0.0.0 for every IPv4 address, [::] for IPv6";
  const bool numeric =
      host.find_first_not_of("0123456789abcdefABCDEFxX.") == std::string_view::npos &&
      host.find_first_of("0123456789") == 0;
  if (numeric) {
    return in_quotes(host) +
           " is not an IPv4 address: four decimal numbers from 0 to 255 without leading"
           " zeros, such as 10.0.0.1";
  }
  return in_quotes(host) +
         " is not an IP address; a host name needs a dns source, which is not available in this "
         "version";
}

std::optional<Endpoint> parse_unix(std::string_view path, std::string& why) {
  if (path.empty() || path[0] != '/') {
    why = "a unix socket is written unix:/absolute/path";
  } else if (path.size() > kLongestUnixPath) {
    why = "the path of a unix socket has at most 107 bytes, this one has " +
          std::to_string(path.size());
  } else if (has_control(path)) {
    why = "the path of a unix socket must not hold control characters";
  } else {
    Endpoint endpoint;
    endpoint.family = Endpoint::Family::unix_path;
    endpoint.path = std::string(path);
    return endpoint;
  }
  return std::nullopt;
}

std::optional<Endpoint> parse_ipv6(std::string_view host, std::string& why) {
  Endpoint endpoint;
  endpoint.family = Endpoint::Family::ipv6;
  if (host.find('%') != std::string_view::npos) {
    why = "an IPv6 zone (\"%\") is not accepted";
    return std::nullopt;
  }
  if (!read_ip(AF_INET6, host, endpoint.ip)) {
    why = in_quotes(host) + " is not an IPv6 address";
    return std::nullopt;
  }
  return endpoint;
}

std::optional<Endpoint> parse_bracketed(std::string_view text, std::string& why) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) {
    why = "no \"]\" after the IPv6 address";
    return std::nullopt;
  }
  auto endpoint = parse_ipv6(text.substr(1, close - 1), why);
  if (!endpoint) return std::nullopt;
  if (close + 1 >= text.size() || text[close + 1] != ':') {
    why = "no port; write [" + endpoint->host() + "]:PORT";
    return std::nullopt;
  }
  if (!read_port(text.substr(close + 2), endpoint->port, why)) return std::nullopt;
  return endpoint;
}

std::optional<Endpoint> parse_ipv4(std::string_view text, std::string& why) {
  Endpoint endpoint;
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (!read_ip(AF_INET, host, endpoint.ip)) {
    why = why_not_ipv4(host);
    return std::nullopt;
  }
  if (colon == std::string_view::npos) {
    why = "no port; write " + std::string(host) + ":PORT";
    return std::nullopt;
  }
  if (!read_port(text.substr(colon + 1), endpoint.port, why)) return std::nullopt;
  return endpoint;
}

}  // namespace

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::string& why) {
  why.clear();
  if (text.empty()) {
    why = "is empty; write an address such as 10.0.0.1:5432, [2001:db8::1]:5432 or unix:/path";
    return std::nullopt;
  }
  if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()), why);
  if (text[0] == '[') return parse_bracketed(text, why);
  if (std::ranges::count(text, ':') > 1) {
    why = "an IPv6 address stands in brackets, as in [2001:db8::1]:5432";
    return std::nullopt;
  }
  return parse_ipv4(text, why);
}

std::optional<Endpoint> Endpoint::parse_ip(std::string_view text, std::string& why) {
  why.clear();
  if (text.empty()) {
    why = "is empty; write an IP address such as 10.0.0.1 or 2001:db8::1";
    return std::nullopt;
  }
  if (text.starts_with(kUnix)) {
    why = "a unix socket is no IP address";
    return std::nullopt;
  }
  if (text[0] == '[') {
    why = "an IPv6 address without a port stands without brackets";
    return std::nullopt;
  }
  const std::ptrdiff_t colons = std::ranges::count(text, ':');
  if (colons > 1) return parse_ipv6(text, why);
  if (colons == 1) {
    why = in_quotes(text) + " is not an IP address alone: no port here";
    return std::nullopt;
  }
  Endpoint endpoint;
  if (!read_ip(AF_INET, text, endpoint.ip)) {
    why = why_not_ipv4(text);
    return std::nullopt;
  }
  return endpoint;
}

std::string Endpoint::host() const {
  if (family == Family::unix_path) return std::string(kUnix) + *path;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family == Family::ipv4 ? AF_INET : AF_INET6, ip.data(), text.data(), text.size());
  return text.data();
}

std::string Endpoint::text() const {
  switch (family) {
    case Family::ipv4:
      return host() + ':' + std::to_string(port);
    case Family::ipv6:
      return '[' + host() + "]:" + std::to_string(port);
    case Family::unix_path:
      break;
  }
  return host();
}

bool Endpoint::is_loopback() const {
  switch (family) {
    case Family::ipv4:
      return ip[0] == 127;
    case Family::ipv6:
      return ip == kLoopback6 || (is_v4_mapped() && ip[12] == 127);
    case Family::unix_path:
      break;
  }
  return true;
}

bool Endpoint::is_wildcard() const {
  return family != Family::unix_path && ip == Bytes16{};
}

bool Endpoint::is_v4_mapped() const {
  return family == Family::ipv6 && std::equal(kMapped.begin(), kMapped.end(), ip.begin());
}

Endpoint Endpoint::unmapped() const {
  if (!is_v4_mapped()) return *this;
  Endpoint v4;
  std::copy(ip.begin() + kMapped.size(), ip.end(), v4.ip.begin());
  v4.port = port;
  return v4;
}

}  // namespace sluice::config
