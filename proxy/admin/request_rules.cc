#include "proxy/admin/request_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sluice::admin {

namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

std::optional<std::uint16_t> read_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return port;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (!host.starts_with('[')) return false;
  in6_addr v6{};
  const std::string bare = host.substr(1, host.size() - 2);
  return ::inet_pton(AF_INET6, bare.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// Whether a host is this address, however it is spelled. Ports do not matter.
bool is_address(std::string_view host, const config::Endpoint& address) {
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  std::string why;
  auto named = config::Endpoint::parse_ip(host, why);
  if (!named) return false;
  config::Endpoint bare = address.unmapped();
  bare.port = 0;
  return named->unmapped() == bare;
}

bool is_json(std::string_view content_type) {
  std::string media = lower(content_type.substr(0, content_type.find(';')));
  while (media.ends_with(' ') || media.ends_with('\t')) media.pop_back();
  return media == "application/json";
}

Objection check_content_type(const RequestHead& head) {
  const std::string& method = head.request.method;
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return std::nullopt;
  const bool is_fine = head.content_type ? is_json(*head.content_type) : !head.has_body();
  if (is_fine) return std::nullopt;
  return Refusal{415, "the content type must be application/json"};
}

}  // namespace

RequestRules::RequestRules(const std::vector<std::string>& allowed_hosts, bool any_host)
    : any_host_(any_host) {
  for (const std::string& text : allowed_hosts) {
    if (auto authority = read_authority(text)) allowed_.push_back(std::move(*authority));
  }
}

Objection RequestRules::check(const RequestHead& head, const config::Endpoint& local) const {
  if (head.host && !is_ours(*head.host, local)) {
    return Refusal{403, "the host is not ours; admin.allowed_hosts can name it"};
  }
  if (head.origin && !is_own_origin(*head.origin, local)) {
    return Refusal{403, "the origin is foreign"};
  }
  if (head.fetch_site && *head.fetch_site != "same-origin" && *head.fetch_site != "none") {
    return Refusal{403, "the request comes from another site"};
  }
  return check_content_type(head);
}

bool RequestRules::is_ours(std::string_view text, const config::Endpoint& local) const {
  if (any_host_) return true;
  const auto authority = read_authority(text);
  if (!authority) return false;
  if (is_loopback(authority->host) || is_address(authority->host, local)) return true;
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const Authority& allowed) {
    return allowed.host == authority->host && (!allowed.port || allowed.port == authority->port);
  });
}

// "null", which a sandboxed page sends, has no scheme and is foreign.
bool RequestRules::is_own_origin(std::string_view origin, const config::Endpoint& local) const {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return is_ours(origin.substr(scheme.size()), local);
  }
  return false;
}

std::optional<RequestRules::Authority> RequestRules::read_authority(std::string_view text) {
  const std::size_t host_end = text.starts_with('[') ? text.find(']') : text.find(':');
  std::size_t end = std::min(host_end, text.size());
  if (text.starts_with('[')) {
    if (host_end == text.npos) return std::nullopt;
    end = host_end + 1;
  }
  Authority authority{lower(text.substr(0, end)), std::nullopt};
  if (end == text.size()) return authority;
  if (text[end] != ':') return std::nullopt;
  authority.port = read_port(text.substr(end + 1));
  if (!authority.port) return std::nullopt;
  return authority;
}

}  // namespace sluice::admin
