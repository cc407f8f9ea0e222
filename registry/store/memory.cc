#include "registry/store/memory.h"

#include <algorithm>
#include <utility>

namespace sluice::registry {

void MemorySpace::leave(const MemoryStore& store) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(&store);
}

std::vector<Entry> MemorySpace::entries() {
  const std::lock_guard lock(mutex_);
  return list();
}

std::vector<Entry> MemorySpace::list() const {
  std::vector<Entry> entries;
  entries.reserve(held_.size());
  for (const auto& [key, held] : held_) entries.push_back({key, held.value, held.revision});
  return entries;
}

bool MemorySpace::holds(const Write& write) const {
  if (!write.if_revision) return true;
  const auto found = held_.find(write.key);
  return *write.if_revision == (found == held_.end() ? 0 : found->second.revision);
}

Outcome MemorySpace::write(const MemoryStore& writer, const Transaction& transaction) {
  const std::lock_guard lock(mutex_);
  if (!std::ranges::all_of(transaction, [this](const Write& write) { return holds(write); })) {
    return {Outcome::Kind::conflict, 0, {}};
  }
  ++revision_;
  std::map<Key, std::optional<Entry>> changed;  // by key, as it is after all the writes
  for (const Write& write : transaction) {
    if (write.value) {
      const auto ttl_ms = static_cast<std::uint64_t>(write.ttl.count());
      held_[write.key] = {*write.value, revision_, ttl_ms, now_ms_ + ttl_ms};
      changed[write.key] = Entry{write.key, *write.value, revision_};
    } else {
      held_.erase(write.key);
      changed[write.key] = std::nullopt;
    }
  }
  News news;
  for (auto& [key, entry] : changed) {
    if (entry) {
      news.entries.push_back(std::move(*entry));
    } else {
      news.erased.push_back(key);
    }
  }
  tell(&writer, news);
  return {Outcome::Kind::durable, revision_, {}};
}

void MemorySpace::renew(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  if (found != held_.end()) found->second.ends_ms = now_ms_ + found->second.ttl_ms;
}

void MemorySpace::listen(const MemoryStore& store, Listener listener) {
  const std::lock_guard lock(mutex_);
  Listener& kept = listeners_[&store];
  kept = std::move(listener);
  if (kept) kept({list(), {}, true});
}

void MemorySpace::advance(std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  now_ms_ = std::max(now_ms_, now_ms);
  News news;
  std::erase_if(held_, [&](const auto& item) {
    const bool is_over = item.second.ttl_ms > 0 && item.second.ends_ms <= now_ms_;
    if (is_over) news.erased.push_back(item.first);
    return is_over;
  });
  if (news.erased.empty()) return;
  ++revision_;
  tell(nullptr, news);
}

void MemorySpace::tell(const MemoryStore* writer, const News& news) const {
  for (const auto& [store, listener] : listeners_) {
    if (store != writer && listener) listener(news);
  }
}

MemoryStore::MemoryStore() : space_(std::make_shared<MemorySpace>()), is_shared_(false) {}

MemoryStore::MemoryStore(std::shared_ptr<MemorySpace> space)
    : space_(std::move(space)), is_shared_(true) {}

MemoryStore::~MemoryStore() {
  space_->leave(*this);
}

std::vector<Entry> MemoryStore::load() {
  return space_->entries();
}

void MemoryStore::write(Transaction transaction, Done done) {
  const Outcome outcome = space_->write(*this, transaction);
  if (outcome.kind == Outcome::Kind::durable) {
    const std::lock_guard lock(mutex_);
    ++health_.transactions;
    ++health_.commits;
  }
  if (done) done(outcome);
}

void MemoryStore::renew(const Key& key) {
  space_->renew(key);
}

void MemoryStore::listen(Listener listener) {
  if (is_shared_) space_->listen(*this, std::move(listener));
}

StoreHealth MemoryStore::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

}  // namespace sluice::registry
