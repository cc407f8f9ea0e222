// The steps of one non-blocking TCP or unix connect, for a connection's Connector and a TCP check
// alike. Who dials owns the Socket, its place in a Poller and the deadline. No state; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/net/address.h"
#include "proxy/net/fd.h"
#include "proxy/net/poller.h"

namespace sluice::net {

// How one connect attempt ended. `no_ports` (EADDRNOTAVAIL, EAGAIN of a unix backlog counts as
// refused) and `no_fds` (EMFILE, ENFILE, ENOBUFS, ENOMEM) are our own shortage and never the
// instance's fault.
enum class ConnectResult : std::uint8_t {
  ok,
  refused,
  timeout,
  unreachable,
  reset,
  no_ports,
  no_fds,
  self_connect,
  error,
  cancelled,  // the client left, or the process stopped, while it was under way
};
inline constexpr std::size_t kConnectResults = 10;
std::string_view word(ConnectResult result);

ConnectResult classify_connect_error(int error);
bool is_instances_fault(ConnectResult result);

struct Dial {
  Fd socket;                                 // connecting or connected; empty if it failed at once
  ConnectResult result = ConnectResult::ok;  // ok: under way, wait until the socket is writable
  int error = 0;                             // errno behind a failure
  Socket::Acks acks = Socket::Acks::usual;   // for Socket::acks
};

// Which side will speak first, as far as we know. If it is we, then the last acknowledgement of the
// handshake goes with our first bytes (TCP_QUICKACK is off until then): a packet less, and whoever
// listens is woken once and not twice. The other side does not know of the connection before, and
// if nothing is said, the kernel lets it wait for 200 ms: who says `we` calls ack_at_once() long
// before that. HAProxy connects so when told to (`option tcp-smart-connect`).
enum class Begins : std::uint8_t { they, we };

// socket() and connect(), close-on-exec and non-blocking.
Dial dial(const SocketAddress& to, Begins begins = Begins::they);

// The outcome once `socket` is writable or failed. Asks the kernel for the error only when the
// socket has one, and finds a socket that was connected to itself, which a port of the ephemeral
// range can be (TCP's simultaneous open). Sets `error`.
ConnectResult dial_outcome(Socket& socket, const SocketAddress& to, int& error);

}  // namespace sluice::net
