// Where the registry's entries live on beyond the process: one interface, a driver for each store.
//
// A store is a map from keys to opaque bytes with a revision on each entry. It mirrors the
// registry and decides nothing: which instance is in rotation is the registry's matter alone, and
// goes on when the store is away. What the entries mean is registry/records.h.
//
// Calls come from one thread, the owner's. Answers (Done, Listener) come on a thread of the
// store's choosing, perhaps before the call has returned; they must not block and are to be handed
// to the owner's loop. Transactions take effect in the order of the calls, and their answers come
// in that order, each exactly once.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::registry {

// `kind` keeps different sorts of entry apart ("instance", "admin", ...). Any bytes but NUL, at
// most 255 each; both names may be empty.
struct Key {
  std::string kind;
  std::string service;
  std::string id;
  friend auto operator<=>(const Key&, const Key&) = default;
};

struct Entry {
  Key key;
  std::string value;           // any bytes, at most 1 MiB
  std::uint64_t revision = 0;  // grows with each transaction on any entry; never 0
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct Write {
  Key key;
  std::optional<std::string> value;  // none: the entry is erased; erasing what is not there is fine
  // Compare and set: the transaction takes place only if the entry has this revision before it; 0:
  // only if it does not exist. None: whatever it is.
  std::optional<std::uint64_t> if_revision;
  // A lease: a store that several proxies share forgets the entry that long after its last write
  // or renewal. A local store keeps it: its only proxy ends leases itself. 0: no lease.
  std::chrono::milliseconds ttl{0};
};

// Takes place whole or not at all.
using Transaction = std::vector<Write>;

struct Outcome {
  enum class Kind : std::uint8_t {
    durable,   // as the store promises it: it survives kill -9, or a power cut
    conflict,  // an if_revision did not hold; nothing was written
    failed,    // nothing was written, or it cannot be known (a shared store that went away)
  } kind = Kind::durable;
  std::uint64_t revision = 0;  // of all that the transaction wrote; when durable
  std::string why;             // for the operator: "cannot write ./sluice.db: disk is full"
};

using Done = std::function<void(const Outcome&)>;

// What others wrote into a shared store, in order; a local one has nothing to say. `complete`: the
// list is all there is, and what is not in it has gone (the first answer, and after a gap).
struct News {
  std::vector<Entry> entries;
  std::vector<Key> erased;
  bool complete = false;
};
using Listener = std::function<void(const News&)>;

// The store cannot be used, in words for the operator: what is wrong with which file, and what to
// do about it.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a store has to say about itself, as of now.
struct StoreHealth {
  bool is_well = true;
  std::string why;                 // of the last failure, or of a repair; "" when there was none
  std::uint64_t failures = 0;      // transactions that failed
  std::uint64_t transactions = 0;  // durable ones
  std::uint64_t commits = 0;       // one holds many transactions
};

class Store {
 public:
  virtual ~Store() = default;  // completes what was handed to it, and gives every answer
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // All entries, by key. Blocks. Once, before the first write(). Throws StoreError.
  virtual std::vector<Entry> load() = 0;
  virtual void write(Transaction transaction, Done done) = 0;
  // Prolongs the lease of an entry; nothing to do for a local store.
  virtual void renew(const Key& key) = 0;
  // From here on; replaces the listener before. None: an empty function.
  virtual void listen(Listener listener) = 0;
  virtual StoreHealth health() const = 0;  // any thread

 protected:
  Store() = default;
};

}  // namespace sluice::registry
