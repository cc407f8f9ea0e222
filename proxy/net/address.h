// A socket address: what the kernel takes and gives. A value; any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

#include "config/endpoint.h"

namespace sluice::net {

// Big enough for a unix path; made on the stack for a call, not kept a connection.
class SocketAddress {
 public:
  SocketAddress() = default;
  explicit SocketAddress(const config::Endpoint& endpoint);

  int family() const { return storage_.base.sa_family; }
  const sockaddr* get() const { return &storage_.base; }
  sockaddr* get() { return &storage_.base; }
  socklen_t size() const { return size_; }
  socklen_t* size_for_kernel() {  // for accept4 and getsockname: room in, length out
    size_ = sizeof(storage_);
    return &size_;
  }
  // The peer as an Endpoint; v4-mapped IPv6 becomes IPv4. An unnamed unix peer has an empty path.
  config::Endpoint endpoint() const;

 private:
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un un;
  } storage_{};
  socklen_t size_ = 0;
};

// An IP peer in 20 bytes, for what is kept a connection. Unix peers have family AF_UNIX and no
// more.
struct Peer {
  std::uint8_t ip[16] = {};
  std::uint16_t port = 0;  // host order
  std::uint16_t family = AF_UNSPEC;

  static Peer of(const SocketAddress& address);
  static Peer of(const config::Endpoint& endpoint) { return of(SocketAddress(endpoint)); }
  config::Endpoint endpoint() const;  // of a unix peer without its path
  bool is_unix() const { return family == AF_UNIX; }
  std::string host() const;  // "10.0.0.9", "2001:db8::1", "" for unix
  std::string text() const;  // "10.0.0.9:4711", "[2001:db8::1]:4711", "unix"
};

}  // namespace sluice::net
