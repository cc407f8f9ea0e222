// The TCP options of a section `tcp`, on a socket. Any thread.
#pragma once

#include "config/config.h"

namespace sluice::net {

// Sets nodelay, keepalive and user timeout. On a listening socket they pass on to every connection
// that it accepts, at no call a connection. Does nothing on a unix socket; an option that the
// kernel does not know is passed over.
void set_tcp_options(int fd, const config::Tcp& tcp);

// All but nodelay (see net::Socket): the keepalive and user timeout that find out, after seconds,
// that the peer is gone. Five calls that a short connection can do without.
void watch_peer(int fd, const config::Tcp& tcp);

// Bytes that the kernel has taken from us and the peer's kernel has not acknowledged yet; 0 for
// unix sockets, whose bytes are with the peer at once.
int undelivered_bytes(int fd);

}  // namespace sluice::net
