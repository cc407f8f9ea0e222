// Those who watch: each is told of every change of its subject, in order, never one twice, and
// never with a gap that it is not told of by a fresh snapshot.
//
//              +--> behind --drained--> catches up from the journal, a piece at a time, or is sent
//              a |                        snapshot where that is shorter or the journal has
//              forgotten
//   current ---+ backlog over kMostBacklog
//
// Who is current is told as things happen: what is said about a subject is rendered once and its
// bytes are shared by all who watch it. Who is behind is sent nothing new until it has taken what
// waits for it, so that a client's slowness costs at most kMostBacklog and one turn's changes.
//
// State of the Hub's thread, without a loop or a clock. Destroying it ends all streams.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proxy/admin/event_stream.h"
#include "proxy/admin/journal.h"
#include "proxy/admin/stream.h"
#include "registry/access/tokens.h"
#include "registry/snapshot.h"

namespace sluice::admin {

class Watchers {
 public:
  static constexpr std::size_t kMostBacklog = 256 * 1024;  // bytes
  static constexpr std::size_t kPiece = 64 * 1024;         // of what is caught up at once
  // One who is behind by more changes than these is sent a snapshot.
  static constexpr std::size_t kMostMissed = 1000;
  static constexpr std::uint64_t kCommentEveryMs = 15'000;  // to who is told nothing else
  // How long a rendered snapshot serves others: instances' connections in it are as old.
  static constexpr std::uint64_t kSnapshotServesMs = 1000;

  using Id = std::uint64_t;

  // `journal` must outlive this; `snapshot` shows all that it holds.
  Watchers(const Journal& journal, std::shared_ptr<const registry::Snapshot> snapshot);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // Begins with a snapshot, or, where the journal holds all that came after `since`, with that.
  // Requires: what the journal holds was told.
  void admit(Id id, Subject subject, std::optional<std::uint64_t> since,
             std::unique_ptr<Stream> stream, std::uint64_t now_ms,
             std::shared_ptr<const access::Token> caller = {});
  void drop(Id id);
  // Ends the streams of those who may not watch what they watch any more.
  using May = std::function<bool(const Subject&, const access::Token* caller)>;
  void drop_unless(const May& may);

  // The journal has grown; `snapshot` shows all that it holds.
  void tell(std::shared_ptr<const registry::Snapshot> snapshot, std::uint64_t now_ms);
  // A stream has told that it is drained. Requires: what the journal holds was told.
  void drained(Id id, std::uint64_t now_ms);

  // Comments, and what need not be kept any longer. To be called at or after next_ms();
  // UINT64_MAX: nothing is due.
  void advance(std::uint64_t now_ms);
  std::uint64_t next_ms() const;

  std::size_t size() const { return watchers_.size(); }

 private:
  struct Watcher;
  // All who watch the same.
  struct Topic {
    Subject subject;
    std::set<Watcher*> watchers;
    std::string news;  // of this tell()
  };
  using Key = std::pair<std::string, std::string>;  // service, canonical selector
  struct Watcher {
    std::map<Key, Topic>::iterator topic;
    std::unique_ptr<Stream> stream;
    std::shared_ptr<const access::Token> caller;  // who watches; null: nobody in particular
    std::list<Watcher*>::iterator turn;           // in by_written_
    std::uint64_t written_ms = 0;
    bool is_behind = false;
    bool resumes = false;         // asked to be told all since then, however much it is
    std::uint64_t has_index = 0;  // what it has been told; while it is behind
  };

  void collect_news(std::uint64_t now_ms, std::set<Topic*>& told);
  void collect_news(const Step& step, std::string_view service, std::uint64_t now_ms,
                    std::string& rendered, std::set<Topic*>& told);
  bool is_held_back(Watcher& watcher, std::uint64_t has_index);
  bool has_forgotten(std::uint64_t index) const { return journal_.floor().index > index; }
  bool missed_too_much(const Watcher& watcher) const;
  void catch_up(Watcher& watcher, std::uint64_t now_ms);
  void send_snapshot(Watcher& watcher, std::uint64_t now_ms);
  Stream::Bytes snapshot_for(const Topic& topic, std::uint64_t now_ms);
  void forget_rendered(std::uint64_t now_ms);
  void touch(Watcher& watcher, std::uint64_t now_ms);
  void send(Watcher& watcher, Stream::Bytes bytes, std::uint64_t now_ms);

  const Journal& journal_;
  std::shared_ptr<const registry::Snapshot> snapshot_;  // all that was told
  std::map<Key, Topic> topics_;
  std::unordered_map<Id, Watcher> watchers_;
  std::list<Watcher*> by_written_;  // longest ago first
  std::map<const Topic*, Stream::Bytes>
      rendered_;                   // snapshots of snapshot_, for who else wants one
  std::uint64_t rendered_ms_ = 0;  // the first of them
};

}  // namespace sluice::admin
