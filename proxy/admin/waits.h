// Reads that wait for something newer.
//
// Each is answered once: when what it waits for has come, or its time is over. What is answered to
// many at once is rendered once and its bytes are shared. State of the Hub's thread, without a loop
// or a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "proxy/admin/http.h"
#include "proxy/admin/reads.h"
#include "registry/snapshot.h"

namespace sluice::admin {

class Waits {
 public:
  using Id = std::uint64_t;
  using Answer = std::function<void(std::shared_ptr<const Reply>)>;

  // Requires: the read has an index.
  void add(Id id, Read read, std::uint64_t due_ms, Answer answer);
  void drop(Id id);  // nobody waits for its answer any more
  // Answers 401 to those that may not be answered otherwise any more.
  void refuse_unless(const std::function<bool(const Read&)>& may);
  // Answers those whose service has passed their index, or is there no longer.
  void wake(const registry::Snapshot& snapshot, std::uint64_t now_ms);
  // Answers those whose time is over. To be called at or after next_ms(); UINT64_MAX: none.
  void expire(const registry::Snapshot& snapshot, std::uint64_t now_ms);
  std::uint64_t next_ms() const;
  std::size_t size() const { return waits_.size(); }

 private:
  struct Wait {
    Read read;
    std::uint64_t due_ms = 0;
    Answer answer;
  };
  class Answers;
  using ByIndex = std::set<std::pair<std::uint64_t, Id>>;

  void settle(Id id, Answers& answers);

  std::unordered_map<Id, Wait> waits_;
  std::map<std::string, ByIndex> by_service_;
  std::set<std::pair<std::uint64_t, Id>> by_due_;
};

}  // namespace sluice::admin
