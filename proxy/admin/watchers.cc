#include "proxy/admin/watchers.h"

#include <algorithm>
#include <limits>

namespace sluice::admin {

namespace {

Stream::Bytes share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

bool is_about(const Subject& subject, const Step& step) {
  return subject.service.empty() || subject.service == step.change.service;
}

// The step as those who choose by labels see it.
std::string render(const Step& step, registry::Change::Kind kind, std::string_view epoch,
                   std::uint64_t now_ms) {
  if (kind == step.change.kind) return change_event(epoch, step.change, now_ms);
  registry::Change seen = step.change;
  seen.kind = kind;
  return change_event(epoch, seen, now_ms);
}

// Behind the change of this index and the notes that came after it.
Position behind(std::uint64_t index) {
  return {index, std::numeric_limits<std::uint64_t>::max()};
}

}  // namespace

Watchers::Watchers(const Journal& journal, std::shared_ptr<const registry::Snapshot> snapshot)
    : journal_(journal), snapshot_(std::move(snapshot)) {}

Watchers::~Watchers() = default;

void Watchers::admit(Id id, Subject subject, std::optional<std::uint64_t> since,
                     std::unique_ptr<Stream> stream, std::uint64_t now_ms,
                     std::shared_ptr<const access::Token> caller) {
  const Key key{subject.service, subject.selector.text()};
  const auto topic = topics_.try_emplace(key).first;
  topic->second.subject = std::move(subject);
  Watcher& watcher = watchers_[id];
  watcher.topic = topic;
  watcher.stream = std::move(stream);
  watcher.caller = std::move(caller);
  watcher.turn = by_written_.insert(by_written_.end(), &watcher);
  watcher.written_ms = now_ms;
  topic->second.watchers.insert(&watcher);
  if (!since || *since > snapshot_->index) return send_snapshot(watcher, now_ms);
  watcher.resumes = true;
  watcher.has_index = *since;
  catch_up(watcher, now_ms);
}

void Watchers::drop_unless(const May& may) {
  std::vector<Id> dropped;
  for (const auto& [id, watcher] : watchers_) {
    if (!may(watcher.topic->second.subject, watcher.caller.get())) dropped.push_back(id);
  }
  for (const Id id : dropped) drop(id);
}

void Watchers::drop(Id id) {
  const auto at = watchers_.find(id);
  if (at == watchers_.end()) return;
  Watcher& watcher = at->second;
  by_written_.erase(watcher.turn);
  watcher.topic->second.watchers.erase(&watcher);
  if (watcher.topic->second.watchers.empty()) {
    rendered_.erase(&watcher.topic->second);
    topics_.erase(watcher.topic);
  }
  watchers_.erase(at);
}

void Watchers::tell(std::shared_ptr<const registry::Snapshot> snapshot, std::uint64_t now_ms) {
  const std::uint64_t before = snapshot_->index;
  std::set<Topic*> told;
  const bool has_gap = has_forgotten(before);
  if (!has_gap) collect_news(now_ms, told);
  snapshot_ = std::move(snapshot);
  rendered_.clear();
  if (has_gap) {
    for (auto& [id, watcher] : watchers_) {
      if (!is_held_back(watcher, before)) send_snapshot(watcher, now_ms);
    }
  }
  for (Topic* topic : told) {
    const Stream::Bytes news = share(std::exchange(topic->news, {}));
    for (Watcher* watcher : topic->watchers) {
      if (!is_held_back(*watcher, before)) send(*watcher, news, now_ms);
    }
  }
}

void Watchers::collect_news(std::uint64_t now_ms, std::set<Topic*>& told) {
  if (watchers_.empty()) return;
  for (const Entry& entry : journal_.after(behind(snapshot_->index))) {
    const Step* step = std::get_if<Step>(&entry.what);
    if (step == nullptr) continue;
    std::string rendered;
    collect_news(*step, step->change.service, now_ms, rendered, told);
    collect_news(*step, "", now_ms, rendered, told);
  }
}

// For the topics of one service; `rendered` is the change as most see it, once somebody does.
void Watchers::collect_news(const Step& step, std::string_view service, std::uint64_t now_ms,
                            std::string& rendered, std::set<Topic*>& told) {
  for (auto at = topics_.lower_bound(Key{service, ""});
       at != topics_.end() && at->first.first == service; ++at) {
    Topic& topic = at->second;
    const auto kind = kind_for(topic.subject.selector, step);
    if (!kind) continue;
    if (*kind != step.change.kind) {
      topic.news += render(step, *kind, snapshot_->epoch, now_ms);
    } else {
      if (rendered.empty()) rendered = render(step, *kind, snapshot_->epoch, now_ms);
      topic.news += rendered;
    }
    told.insert(&topic);
  }
}

// Whether this watcher is not to be told now. Who begins to be so has been told all up to
// `has_index`.
bool Watchers::is_held_back(Watcher& watcher, std::uint64_t has_index) {
  if (watcher.is_behind) return true;
  if (watcher.stream->backlog() <= kMostBacklog || !watcher.stream->await_drain()) return false;
  watcher.is_behind = true;
  watcher.has_index = has_index;
  return true;
}

void Watchers::drained(Id id, std::uint64_t now_ms) {
  const auto at = watchers_.find(id);
  if (at != watchers_.end() && at->second.is_behind) catch_up(at->second, now_ms);
}

void Watchers::catch_up(Watcher& watcher, std::uint64_t now_ms) {
  if (has_forgotten(watcher.has_index) || missed_too_much(watcher)) {
    return send_snapshot(watcher, now_ms);
  }
  const Subject& subject = watcher.topic->second.subject;
  std::string piece;
  for (const Entry& entry : journal_.after(behind(watcher.has_index))) {
    const Step* step = std::get_if<Step>(&entry.what);
    if (step == nullptr || !is_about(subject, *step)) continue;
    if (const auto kind = kind_for(subject.selector, *step)) {
      piece += render(*step, *kind, snapshot_->epoch, now_ms);
    }
    watcher.has_index = step->change.index;
    if (piece.size() < kPiece) continue;
    send(watcher, share(std::exchange(piece, {})), now_ms);
    watcher.is_behind = watcher.stream->await_drain();
    if (watcher.is_behind) return;
  }
  if (!piece.empty()) send(watcher, share(std::move(piece)), now_ms);
  watcher.is_behind = false;
  watcher.resumes = false;
}

bool Watchers::missed_too_much(const Watcher& watcher) const {
  if (watcher.resumes) return false;
  const Subject& subject = watcher.topic->second.subject;
  std::size_t missed = 0;
  for (const Entry& entry : journal_.after(behind(watcher.has_index))) {
    const Step* step = std::get_if<Step>(&entry.what);
    if (step == nullptr || !is_about(subject, *step)) continue;
    if (kind_for(subject.selector, *step) && ++missed > kMostMissed) return true;
  }
  return false;
}

void Watchers::send_snapshot(Watcher& watcher, std::uint64_t now_ms) {
  send(watcher, snapshot_for(watcher.topic->second, now_ms), now_ms);
  watcher.is_behind = false;
  watcher.resumes = false;
}

Stream::Bytes Watchers::snapshot_for(const Topic& topic, std::uint64_t now_ms) {
  forget_rendered(now_ms);
  if (rendered_.empty()) rendered_ms_ = now_ms;
  Stream::Bytes& bytes = rendered_[&topic];
  if (!bytes) bytes = share(snapshot_event(*snapshot_, topic.subject, now_ms));
  return bytes;
}

void Watchers::forget_rendered(std::uint64_t now_ms) {
  if (now_ms >= rendered_ms_ + kSnapshotServesMs) rendered_.clear();
}

void Watchers::send(Watcher& watcher, Stream::Bytes bytes, std::uint64_t now_ms) {
  watcher.stream->write(std::move(bytes));
  touch(watcher, now_ms);
}

void Watchers::touch(Watcher& watcher, std::uint64_t now_ms) {
  watcher.written_ms = now_ms;
  by_written_.splice(by_written_.end(), by_written_, watcher.turn);
}

void Watchers::advance(std::uint64_t now_ms) {
  static const Stream::Bytes comment = share(std::string(kComment));
  forget_rendered(now_ms);
  while (!by_written_.empty() && by_written_.front()->written_ms + kCommentEveryMs <= now_ms) {
    Watcher& watcher = *by_written_.front();
    if (!watcher.is_behind) watcher.stream->write(comment);  // or what waits is sign enough
    touch(watcher, now_ms);
  }
}

std::uint64_t Watchers::next_ms() const {
  std::uint64_t next = std::numeric_limits<std::uint64_t>::max();
  if (!by_written_.empty()) next = by_written_.front()->written_ms + kCommentEveryMs;
  if (!rendered_.empty()) next = std::min(next, rendered_ms_ + kSnapshotServesMs);
  return next;
}

}  // namespace sluice::admin
