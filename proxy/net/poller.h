// Readiness of data sockets: an edge-triggered epoll set of the loop's own, in which the loop
// itself waits.
//
// A socket is added once, for all events, and stays until it is closed: one epoll_ctl a socket for
// life, none under backpressure. The price is that the kernel tells each change once: whoever stops
// before EAGAIN must remember that there is more (Socket keeps the flags), and ask for another turn
// with again().
//
// libuv is a guest: its descriptor (uv_backend_fd) is in the set, and it has its turn when that is
// readable or one of its timers is due. So a message costs one wait, not libuv's and then ours.
// Belongs to one loop's thread; a loop has one Poller at most, and waits in it while it lives.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <vector>

#include "proxy/net/event_wait.h"
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

// What a Poller knows of one descriptor in its set: whom to tell, and what has been seen. Flags are
// sticky: set by events, cleared by whoever sees EAGAIN (or knows better).
class Entry {
 public:
  Entry() = default;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  bool readable = false;
  bool writable = false;
  bool peer_finished = false;  // FIN seen, or hung up: read on to the end even after a short read
  bool failed = false;         // EPOLLERR seen: a pending error, to be met on reading
  bool urgent = false;         // out-of-band data seen: short reads mean nothing, splice stops

 protected:
  ~Entry() = default;
  bool add(Poller& poller, int fd, std::uint32_t events, Pollable& owner);
  void drop();  // out of the batch that is being delivered; not out of the set
  void tell(Pollable& owner) { owner_ = &owner; }
  Poller* poller() const { return poller_; }

 private:
  friend class Poller;
  Poller* poller_ = nullptr;
  Pollable* owner_ = nullptr;
  int event_ = -1;  // its place in the batch that is being delivered
};

// A listening socket that somebody else owns, level-triggered: connections left in its queue are
// told of again.
class Watch : public Entry {
 public:
  ~Watch() { close(); }
  bool open(Poller& poller, int fd, Pollable& owner);  // false: refused by the kernel (errno)
  void close();                                        // before the descriptor is closed
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A non-blocking stream socket in a Poller's set. Owns the fd.
class Socket : public Entry {
 public:
  ~Socket() { close(); }

  // Adds `fd` to the set; `owner` is told. False, and the fd closed, when the kernel refuses
  // (errno).
  bool open(Poller& poller, Fd fd, Pollable& owner);
  // To be called before each write but the first: a first alone is not held back by Nagle's
  // algorithm, and most short connections have no second, so that TCP_NODELAY waits until here.
  void before_another_write() {
    if (nagles) stop_nagling();
  }
  // To be called after each write: see Acks.
  void after_write() {
    if (acks != Acks::usual) ack_at_once();
  }
  void ack_at_once();  // what is due to be acknowledged, a handshake included
  void set_owner(Pollable& owner) { tell(owner); }
  Fd take();  // out of the set; the descriptor is the caller's from here on
  void close();
  // Closes so that the peer gets a reset at once, undelivered bytes dropped.
  void reset();

  int fd() const { return fd_.get(); }
  bool is_open() const { return static_cast<bool>(fd_); }

  bool nagles = false;  // though it is not to: TCP_NODELAY is not set yet

  // A handshake that waits for our first bytes (Begins::we) leaves the kernel with delays for what
  // it acknowledges, and a peer whose first answer comes in pieces would wait for them, with
  // Nagle's algorithm, 40 ms. So each of the first writes takes them away again until that answer
  // is there, when whoever reads it says that they are as usual.
  enum class Acks : std::uint8_t { usual, late, kept_quick };
  Acks acks = Acks::usual;  // late: the handshake waits

 private:
  static constexpr std::uint8_t kQuickWrites = 8;
  void stop_nagling();
  std::uint8_t quick_writes_ = 0;
  Fd fd_;
};

class Poller final : private Waiter {
 public:
  explicit Poller(Loop& loop);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Has `owner` called again in the next turn, after all that are ready now. Once, however often
  // asked.
  void again(Pollable& owner);
  // Forgets what is due for `owner`, which is going away.
  void forget(Pollable& owner);
  std::uint64_t turns() const { return turns_; }  // how many have begun

  // Whether waits may begin with asking where that pays (BusyPoll); not at first. To be called on
  // the loop's thread.
  void allow_busy_poll(bool allowed) { wait_.allow_busy_poll(allowed); }
  // For how long it has asked in all. Any thread.
  std::uint64_t busy_polled_ns() const { return wait_.busy_polled_ns(); }

 private:
  friend class Entry;
  friend class Socket;
  friend class Watch;
  void begin() override;
  void turn() override;
  void remove(int fd);
  bool deliver(int count);  // whether libuv has something to do
  void run_again();

  static constexpr int kBatch = 128;
  Loop& loop_;
  Fd epoll_;
  std::uint64_t turns_ = 0;
  int libuv_waits_ms_ = 0;  // for its next timer at most; as of the last turn's end, or begin()
  EventWait wait_;
  std::array<epoll_event, kBatch> events_;
  std::vector<Pollable*> again_;
  std::vector<Pollable*> running_;  // the turn that is being delivered
};

}  // namespace sluice::net
