// Readiness of data sockets: an edge-triggered epoll set of the loop's own, which one uv_poll
// watches.
//
// A socket is added once, for all events, and stays until it is closed: one epoll_ctl a socket for
// life, none under backpressure. The price is that the kernel tells each change once: whoever stops
// before EAGAIN must remember that there is more (Socket keeps the flags), and ask for another turn
// with again(). Belongs to one loop's thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <vector>

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"

namespace sluice::net {

class Poller;

// One that wants to know about readiness and to be called again for work that it put off. Before it
// goes away it closes its sockets and has the Poller forget() it.
class Pollable {
 public:
  // Something changed on the sockets that this watches, or the turn asked for with again() has
  // come. May destroy itself and others.
  virtual void on_ready() = 0;

 protected:
  ~Pollable() = default;

 private:
  friend class Poller;
  bool due_again_ = false;
};

// A non-blocking stream socket in a Poller's set. Owns the fd. Flags are sticky: set by events,
// cleared by whoever sees EAGAIN (or knows better).
class Socket {
 public:
  Socket() = default;
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Adds `fd` to the set; `owner` is told. False, and the fd closed, when the kernel refuses
  // (errno).
  bool open(Poller& poller, Fd fd, Pollable& owner);
  void set_owner(Pollable& owner) { owner_ = &owner; }
  void close();
  // Closes so that the peer gets a reset at once, undelivered bytes dropped.
  void reset();

  int fd() const { return fd_.get(); }
  bool is_open() const { return static_cast<bool>(fd_); }

  bool readable = false;
  bool writable = false;
  bool peer_finished = false;  // FIN seen, or hung up: read on to the end even after a short read
  bool failed = false;         // EPOLLERR seen: a pending error, to be met on reading
  bool urgent = false;         // out-of-band data seen: short reads mean nothing, splice stops

 private:
  friend class Poller;
  Fd fd_;
  Poller* poller_ = nullptr;
  Pollable* owner_ = nullptr;
  int event_ = -1;  // its place in the batch that is being delivered
};

class Poller {
 public:
  explicit Poller(Loop& loop);
  ~Poller();

  // Has `owner` called again in the next turn, after all that are ready now. Once, however often
  // asked.
  void again(Pollable& owner);
  // Forgets what is due for `owner`, which is going away.
  void forget(Pollable& owner);

 private:
  friend class Socket;
  void deliver();
  void run_again();

  static constexpr int kBatch = 128;
  struct PollCore {
    uv_poll_t poll;
    Poller* poller;
  };
  struct IdleCore {
    uv_idle_t idle;
    Poller* poller;
  };
  Fd epoll_;
  Owned<PollCore> poll_;
  Owned<IdleCore> idle_;
  std::array<epoll_event, kBatch> events_;
  std::vector<Pollable*> again_;
  std::vector<Pollable*> running_;  // the turn that is being delivered
};

}  // namespace sluice::net
