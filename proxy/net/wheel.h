// Deadlines of connections: a hashed timing wheel (Varghese and Lauck 1987, scheme 6) driven by one
// libuv timer a loop.
//
// Setting, moving and cancelling a deadline relink a node: no allocation, no comparison with
// others. A deadline is met at its time or up to kTickMs later, never earlier. With nothing to wait
// for, the loop sleeps; with something, it wakes only for slots that hold a node. All times are the
// loop's monotonic milliseconds, 64 bits wide. Belongs to one loop's thread.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/net/loop.h"

namespace sluice::net {

class Wheel;

// A place in the wheel. The derived class says what happens when the time has come.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool is_set() const { return wheel_ != nullptr; }
  void cancel();

 protected:
  ~Deadline() { cancel(); }
  // The deadline is no longer set. May set it again, or destroy itself and others.
  virtual void on_deadline() = 0;

 private:
  friend class Wheel;
  Wheel* wheel_ = nullptr;
  Deadline* next_ = nullptr;
  Deadline** at_ = nullptr;  // the pointer that points here
  std::uint64_t tick_ = 0;
};

class Wheel {
 public:
  static constexpr std::uint64_t kTickMs = 8;

  explicit Wheel(Loop& loop);
  ~Wheel();  // requires: no deadline is set

  // Sets `deadline` to `at_ms` (moves it if it is set). A time that is past comes at the next tick.
  void set(Deadline& deadline, std::uint64_t at_ms);

 private:
  friend class Deadline;
  static constexpr std::size_t kSlots = 4096;  // a power of two; one round is 32.8 s
  void on_tick();
  void link(Deadline& deadline);
  void unlink(Deadline& deadline);
  void arm();

  Loop& loop_;
  Timer timer_;
  std::array<Deadline*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  std::size_t count_ = 0;
  std::uint64_t done_tick_;       // every slot up to this tick has been looked at
  std::uint64_t armed_tick_ = 0;  // what the timer is set to, while it runs
  Deadline* due_ = nullptr;       // being delivered
};

}  // namespace sluice::net
