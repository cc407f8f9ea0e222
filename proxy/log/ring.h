// A bounded queue of byte strings between two threads, without a lock: one thread pushes, one pops.
//
// The bytes of a record follow its length in a circle of fixed size, both wrapping where the circle
// ends. Each side owns one position, which only grows; the other side reads it to learn what has
// become free or full, and remembers what it saw, so that the cache line of the other moves only
// when a side seems to be stuck (Lamport's queue with the cached positions of Lee et al., "A
// Lock-Free, Cache-Efficient Shared Ring Buffer", ANCS 2009).
//
// May be destroyed once neither side uses it any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::log {

class Ring {
 public:
  // `bytes` is rounded up to a power of two; a record takes four bytes more than it holds.
  explicit Ring(std::size_t bytes);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // The pushing thread. False: no room, nothing was stored. Never waits.
  bool push(std::string_view record);
  // The pushing thread. True while more than half of the circle is taken.
  bool is_past_half();

  // The popping thread. False: empty, `record` is as it was.
  bool pop(std::string& record);
  // The popping thread.
  bool is_empty() const;

 private:
  using Length = std::uint32_t;

  void copy_in(std::size_t position, const char* from, std::size_t length);
  void copy_out(std::size_t position, char* to, std::size_t length) const;

  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;

  alignas(64) std::atomic<std::size_t> pushed_{0};  // bytes so far; written by the pushing thread
  std::size_t seen_popped_ = 0;
  alignas(64) std::atomic<std::size_t> popped_{0};  // bytes so far; written by the popping thread
  std::size_t seen_pushed_ = 0;
};

}  // namespace sluice::log
