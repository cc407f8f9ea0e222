// One end of a TCP connection in a test's hand: the client before the proxy, or the server behind
// it.
//
// Blocking calls, each with a deadline. A Peer owns its socket; destroying it closes it (FIN, or
// RST if unread bytes are waiting, as the kernel does). Used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/support/socket.h"
#include "tests/support/wait.h"

namespace sluice::test {

struct ConnectOptions {
  std::string source = "";  // a local IPv4 address to come from, "127.0.0.77"
  int receive_buffer =
      0;  // SO_RCVBUF, SO_SNDBUF, TCP_MAXSEG before connecting; 0: the kernel's own
  int send_buffer = 0;
  int max_segment = 0;
  Milliseconds within = kPatience;
};

// How the other side's bytes ended.
enum class End { open, fin, rst };  // open: not within the deadline

// What came until the end.
struct Rest {
  std::string text;         // its first 64 KiB
  std::uint64_t bytes = 0;  // all of it
  std::string sha256;
  End end = End::open;
  bool is_closed() const { return end != End::open; }
};

class Peer {
 public:
  explicit Peer(Fd socket);
  // Connects, or throws std::system_error. Being accepted and reset before we look is a connection,
  // too.
  static Peer connect(const std::string& address, const ConnectOptions& options = {});

  void send(std::string_view bytes);      // all of them, or throws
  bool try_send(std::string_view bytes);  // false: the other side is gone, or the deadline passed
  void send_urgent(char byte);            // MSG_OOB
  // Sends n bytes of the stream; returns how many went out before an error or the deadline.
  std::uint64_t send_stream(std::uint64_t seed, std::uint64_t n, Milliseconds within = kPatience);

  // Up to n bytes: fewer if the other side ends before, or at the deadline.
  std::string receive(std::size_t n, Milliseconds within = kPatience);
  // Reads to the end and tells what came.
  Rest receive_rest(Milliseconds within = kPatience);
  // The end alone; whatever comes before it is read and dropped.
  End wait_for_end(Milliseconds within = kPatience) { return receive_rest(within).end; }
  // True if nothing, neither bytes nor an end, comes for so long.
  bool stays_quiet(Milliseconds time) const;

  void finish();  // half-close: our FIN, and we go on reading
  void reset();   // RST
  void close() { socket_.reset(); }

  const Fd& socket() const { return socket_; }
  std::uint16_t port() const { return local_port(socket_); }

 private:
  Fd socket_;
  bool is_reset_ = false;  // the kernel has told us already, and says it once only
};

// Takes an HTTP request, its head and as many bytes of body as that says; what came, if it ended
// before.
std::string receive_request(Peer& peer);

// 0, or the errno that connecting to the address ends with.
int connect_error(const std::string& address, Milliseconds within = kPatience);

// Accepts when the test says so, and hands each connection to it. The kernel completes connects
// meanwhile.
class Acceptor {
 public:
  explicit Acceptor(const ListenOptions& options = {});  // on a port of its own
  explicit Acceptor(const std::string& address, const ListenOptions& options = {});
  Peer accept(Milliseconds within = kPatience);  // throws if nobody comes
  bool nobody_comes_for(Milliseconds time) const;
  const std::string& address() const { return address_; }

 private:
  std::string address_;
  Fd socket_;
};

// A port that refuses: bound and never listening, so that the kernel cannot give it away as a
// source port either (connecting to a free port of that range may connect a socket to itself).
class DeadEnd {
 public:
  DeadEnd();
  const std::string& address() const { return address_; }

 private:
  Fd socket_;
  std::string address_;
};

// A port where connects hang: its one place in the accept queue is taken and SYNs are dropped.
class BlackHole {
 public:
  BlackHole();
  const std::string& address() const { return address_; }
  std::uint16_t port() const { return local_port(socket_); }

 private:
  Fd socket_;
  std::string address_;
  Fd taken_;
};

}  // namespace sluice::test
