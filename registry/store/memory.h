// A store in memory: everything lasts as long as the process.
//
// It stands for "no store" in a configuration, and for a shared one in tests: several MemoryStores
// on one MemorySpace see each other's writes as News, as proxies on one etcd do.
//
// Everything happens on the thread that calls: the answer comes before write() returns, and the
// others' listeners are called from there, too. A listener must not call a store of its space.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "registry/store/store.h"

namespace sluice::registry {

class MemoryStore;

// What several MemoryStores share: the entries, their leases, and a clock that is moved by hand.
// Any thread. Kept alive by the stores on it.
class MemorySpace {
 public:
  MemorySpace() = default;
  MemorySpace(const MemorySpace&) = delete;
  MemorySpace& operator=(const MemorySpace&) = delete;

  // Time goes on to `now_ms`; entries whose lease is over are erased, and every listener hears of
  // it, also the one of the store that wrote them. Time does not go back.
  void advance(std::uint64_t now_ms);

 private:
  friend class MemoryStore;

  struct Held {
    std::string value;
    std::uint64_t revision = 0;
    std::uint64_t ttl_ms = 0;   // 0: no lease
    std::uint64_t ends_ms = 0;  // of the lease
  };

  void leave(const MemoryStore& store);
  std::vector<Entry> entries();
  Outcome write(const MemoryStore& writer, const Transaction& transaction);
  void renew(const Key& key);
  void listen(const MemoryStore& store, Listener listener);

  // Requires, as the ones below: mutex_ is held.
  bool holds(const Write& write) const;  // its if_revision
  std::vector<Entry> list() const;
  void tell(const MemoryStore* writer, const News& news) const;

  std::mutex mutex_;
  std::map<Key, Held> held_;
  std::uint64_t revision_ = 0;  // the last one given
  std::uint64_t now_ms_ = 0;
  std::map<const MemoryStore*, Listener> listeners_;
};

class MemoryStore final : public Store {
 public:
  // A local store: it has no news, and leases do not end in it.
  MemoryStore();
  // One of several on a shared space. A listener hears at once what is there.
  explicit MemoryStore(std::shared_ptr<MemorySpace> space);
  ~MemoryStore() override;

  std::vector<Entry> load() override;
  void write(Transaction transaction, Done done) override;
  void renew(const Key& key) override;
  void listen(Listener listener) override;
  StoreHealth health() const override;

 private:
  const std::shared_ptr<MemorySpace> space_;
  const bool is_shared_;
  mutable std::mutex mutex_;  // of health_
  StoreHealth health_;
};

}  // namespace sluice::registry
