// Everybody who reads the registry and wants to know when it changes: blocking reads, watches, the
// journal.
//
//   control loop --publish, note--> Hub's thread --replies, streams--> transport's thread
//
//   reads          what may be asked, and the answers: pure
//   journal        the last changes and notes
//   waits          blocking reads
//   event_stream   a watch's events: pure
//   watchers       watches
//
// The Hub has a thread of its own, so that neither the control loop nor the transport pays for
// thousands of readers: whoever publishes hands over a pointer and goes on. It does its work in
// turns: all that has been published by then is told at once. What a read or a watch begins with is
// never older than what was published when it was asked for.
//
// Memory is bounded: the journal by registry.watch.history, readers by admin.limits.connections,
// and what waits for one slow watcher as Watchers says.
//
// Every public method may be called on any thread, publish() and note() on one at a time. To be
// destroyed after whoever calls it; streams end then, and what waits is answered 503. Responders
// and streams that are still out may outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "config/config.h"
#include "proxy/admin/http.h"
#include "proxy/admin/journal.h"
#include "proxy/admin/reads.h"
#include "proxy/admin/waits.h"
#include "proxy/admin/watchers.h"
#include "proxy/net/loop.h"
#include "registry/registry.h"
#include "registry/snapshot.h"

namespace sluice::admin {

class Hub {
 public:
  using Clock = std::function<std::uint64_t()>;  // monotonic ms, as in registry::Now; any thread

  // Begins at `first`, of which it knows no changes.
  Hub(const config::Watch& rules, const std::shared_ptr<const registry::Snapshot>& first,
      Clock clock = net::monotonic_ms);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Changes that lead from what was published last to `snapshot`, oldest first, all of them.
  void publish(std::shared_ptr<const registry::Snapshot> snapshot,
               std::vector<registry::Change> changes);
  // Something else that belongs into the journal.
  void note(Event event);
  void reconfigure(const config::Watch& rules);
  // Those that count from here on (null: there are none). Watches and reads that wait are ended if
  // their token does not hold what they take any more.
  void recheck(std::shared_ptr<const access::Tokens> tokens);
  // Has done what is due by the clock: for a clock that is moved by hand.
  void look_again();

  struct Readers {
    std::size_t waiting = 0;   // blocking reads
    std::size_t watching = 0;  // open streams
  };
  Readers readers() const;  // after the last turn

  // What was published last.
  std::shared_ptr<const registry::Snapshot> snapshot() const;

  // Each is answered by way of `responder`, now or later.
  void read(Read read, const Responder& responder);
  void watch(Watching watching, const Responder& responder);
  void look(Looking looking, const Responder& responder);

 private:
  class Line;
  using Id = std::uint64_t;

  void on_turn();
  void tell();
  void arm();
  void begin_wait(Read read, const Responder& responder);
  void begin_watch(Watching watching, const Responder& responder);
  // What is to be done on the Hub's thread when a client tells something on the transport's.
  std::function<void()> posting(std::function<void()> action) const;

  const Clock clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const registry::Snapshot> published_;  // mutex_'s
  Readers readers_;                                      // mutex_'s

  // What follows belongs to the Hub's thread.
  config::Watch rules_;
  std::shared_ptr<const access::Tokens> tokens_;        // null before the first recheck(), too
  std::shared_ptr<const registry::Snapshot> snapshot_;  // that the journal leads to
  bool has_news_ = false;
  Journal journal_;
  Waits waits_;
  Watchers watchers_;
  Id last_id_ = 0;
  std::uint64_t jitter_ = 1;  // a random state
  net::Loop loop_;
  net::Bell bell_;
  net::Timer timer_;
  const std::shared_ptr<Line> line_;
  std::thread thread_;  // the last: it uses all the others
};

}  // namespace sluice::admin
