// TCP sockets on the loopback: IPv4, non-blocking, closed on exec, without Nagle's delay.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

#include "proxy/net/fd.h"

namespace sluice::bench {

// "127.0.0.1:5432"; throws std::invalid_argument if it is not an address of 127.0.0.0/8 and a port.
sockaddr_in parse_target(const std::string& text);

// A socket that listens on this port of every loopback address, and of no other interface.
net::Fd listen_on_loopback(std::uint16_t port);

// A connection that has begun. The n-th client comes from the n-th of 250 loopback addresses: one
// alone would run out of ports while closed connections wait out their time. No descriptor: errno
// says why.
net::Fd begin_connect(const sockaddr_in& target, std::uint64_t n);

// The errno that a socket has kept, 0 if none.
int pending_error(int fd);

}  // namespace sluice::bench
