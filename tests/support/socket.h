// The few socket calls that the fixtures share: addresses as text, listening, and ports that stay
// free.
//
// Addresses are "127.0.0.1:80" or "unix:/path". What fails throws std::system_error with the call's
// name: a test that cannot set its scene ends there. Any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/net/fd.h"

namespace sluice::test {

using net::Fd;

struct Address {
  union {
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_un path;
  };
  socklen_t size = 0;

  static Address parse(std::string_view text);
  int family() const { return any.sa_family; }
};

std::string loopback(std::uint16_t port);  // "127.0.0.1:port"

// A port of 127.0.0.1 that no other test has and that the kernel gives to nobody: it lies below the
// range of ephemeral ports, and test processes that run side by side draw from one counter. It
// stays the caller's, so a server on it may stop and start again.
std::uint16_t reserve_port();

struct ListenOptions {
  int backlog = 4096;
  int receive_buffer =
      0;  // SO_RCVBUF, SO_SNDBUF and TCP_MAXSEG of what it accepts; 0: the kernel's own
  int send_buffer = 0;
  int max_segment = 0;
};

Fd open_socket(int family);  // blocking, close-on-exec; throws
void set_option(const Fd& socket, int level, int name, int value);
Fd listen_on(const std::string& address, const ListenOptions& options = {});
std::uint16_t local_port(const Fd& socket);

// Waits until `events` or the deadline; false at the deadline.
bool wait_for(int fd, short events, int timeout_ms);

[[noreturn]] void fail_with_errno(std::string_view call);

}  // namespace sluice::test
