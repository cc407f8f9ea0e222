#include "proxy/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sluice::net {

namespace {

bool is_v4_mapped(const std::uint8_t* ip) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(ip, kPrefix, sizeof(kPrefix)) == 0;
}

}  // namespace

SocketAddress::SocketAddress(const config::Endpoint& endpoint) {
  switch (endpoint.family) {
    case config::Endpoint::Family::ipv4:
      storage_.v4.sin_family = AF_INET;
      storage_.v4.sin_port = htons(endpoint.port);
      std::memcpy(&storage_.v4.sin_addr, endpoint.ip.data(), 4);
      size_ = sizeof(storage_.v4);
      break;
    case config::Endpoint::Family::ipv6:
      storage_.v6.sin6_family = AF_INET6;
      storage_.v6.sin6_port = htons(endpoint.port);
      std::memcpy(&storage_.v6.sin6_addr, endpoint.ip.data(), 16);
      size_ = sizeof(storage_.v6);
      break;
    case config::Endpoint::Family::unix_path: {
      storage_.un.sun_family = AF_UNIX;
      const std::size_t length = std::min(endpoint.path->size(), sizeof(storage_.un.sun_path) - 1);
      std::memcpy(storage_.un.sun_path, endpoint.path->data(), length);
      size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + 1);
      break;
    }
  }
}

config::Endpoint SocketAddress::endpoint() const {
  const Peer peer = Peer::of(*this);
  config::Endpoint endpoint = peer.endpoint();
  if (!peer.is_unix()) return endpoint;
  constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);
  if (size_ > kPathAt) {
    // The kernel counts a NUL behind a path that fills sun_path.
    const std::size_t most = std::min(size_ - kPathAt, sizeof(storage_.un.sun_path));
    endpoint.path = std::string(storage_.un.sun_path, ::strnlen(storage_.un.sun_path, most));
  }
  return endpoint;
}

Peer Peer::of(const SocketAddress& address) {
  Peer peer;
  const sockaddr* base = address.get();
  if (base->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, base, sizeof(v4));
    peer.family = AF_INET;
    peer.port = ntohs(v4.sin_port);
    std::memcpy(peer.ip, &v4.sin_addr, 4);
  } else if (base->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, base, sizeof(v6));
    peer.port = ntohs(v6.sin6_port);
    if (is_v4_mapped(v6.sin6_addr.s6_addr)) {
      peer.family = AF_INET;
      std::memcpy(peer.ip, v6.sin6_addr.s6_addr + 12, 4);
    } else {
      peer.family = AF_INET6;
      std::memcpy(peer.ip, v6.sin6_addr.s6_addr, 16);
    }
  } else {
    peer.family = AF_UNIX;
  }
  return peer;
}

config::Endpoint Peer::endpoint() const {
  config::Endpoint endpoint;
  if (is_unix()) {
    endpoint.family = config::Endpoint::Family::unix_path;
    return endpoint;
  }
  endpoint.family =
      family == AF_INET ? config::Endpoint::Family::ipv4 : config::Endpoint::Family::ipv6;
  std::copy(std::begin(ip), std::end(ip), endpoint.ip.begin());
  endpoint.port = port;
  return endpoint;
}

std::string Peer::host() const {
  if (family != AF_INET && family != AF_INET6) return "";
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, ip, text, sizeof(text));
  return text;
}

std::string Peer::text() const {
  if (family == AF_INET) return host() + ":" + std::to_string(port);
  if (family == AF_INET6) return "[" + host() + "]:" + std::to_string(port);
  return "unix";
}

}  // namespace sluice::net
