#include "proxy/client/admin_address.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace sluice::client {
namespace {

constexpr std::size_t kMaxUnixPath = 107;  // sun_path, without its NUL

bool is_host_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '-' || c == '_';
}

bool is_ipv6_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
         c == '.';
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    return !host.empty() && std::ranges::all_of(host, is_ipv6_byte);
  }
  return !host.empty() && std::ranges::all_of(host, is_host_byte);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

std::optional<AdminAddress> parse_unix(std::string_view path, std::string& why) {
  if (!path.starts_with('/')) {
    why = "a unix socket needs an absolute path, as in unix:/run/sluice.sock";
    return std::nullopt;
  }
  if (path.size() > kMaxUnixPath || path.find('\0') != std::string_view::npos) {
    why = "the path of a unix socket has at most 107 bytes, none of them NUL";
    return std::nullopt;
  }
  return AdminAddress{"http://localhost", std::string(path), "unix:" + std::string(path)};
}

}  // namespace

bool is_secret(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<AdminAddress> AdminAddress::parse(std::string_view text, std::string& why) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5), why);
  if (text.starts_with("https://")) {
    why = "the admin API speaks plain HTTP; use http://host:port";
    return std::nullopt;
  }
  if (text.starts_with("http://")) text.remove_prefix(7);
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_host(text.substr(0, colon)) ||
      !is_port(text.substr(colon + 1))) {
    why = "expected host:port, http://host:port or unix:/path";
    return std::nullopt;
  }
  return AdminAddress{"http://" + std::string(text), "", std::string(text)};
}

}  // namespace sluice::client
