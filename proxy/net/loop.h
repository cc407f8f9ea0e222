// A libuv loop with an owner, and the rare things that hang on it: timers, bells, signals.
//
// A Loop and everything made on it belong to the thread that runs it; only Bell::ring() may be
// called from elsewhere. Destroying a Timer, Bell or Signal cancels it; its function is not called
// afterwards. The functions may destroy the object that calls them.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>

#include "proxy/net/owned.h"
#include "proxy/net/wake_fd.h"

namespace sluice::net {

// What waits in the loop's stead: a Poller, in whose set libuv's own descriptor is one of many.
class Waiter {
 public:
  virtual void begin() = 0;  // of turns: takes note of what libuv was given since the last one
  virtual void turn() = 0;   // waits for something, and has it done

 protected:
  ~Waiter() = default;
};

class Loop {
 public:
  Loop();
  // Runs the pending close callbacks, then asserts that nothing is left on the loop.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   // until stop(), or, without a Poller, until nothing is left to wait for
  void turn();  // once: waits until something happens
  void stop();  // from a callback of this loop
  std::uint64_t now_ms() const { return uv_now(&uv_); }  // monotonic, as of this turn's start
  uv_loop_t* uv() { return &uv_; }

 private:
  friend class Poller;
  uv_loop_t uv_;
  Waiter* waiter_ = nullptr;
  bool stopped_ = false;
};

// Monotonic time outside of a loop's turn. uv_now() of any loop counts from the same origin.
std::uint64_t monotonic_ns();
inline std::uint64_t monotonic_ms() {
  return monotonic_ns() / 1'000'000;
}

// A libuv timer, for what is rare (connections use the Wheel).
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> expired);
  void start(std::uint64_t delay_ms);  // once; starts anew if it runs
  void repeat(std::uint64_t every_ms);
  void stop();
  bool is_running() const;

 private:
  struct Core {
    uv_timer_t timer;
    std::function<void()> expired;
  };
  Owned<Core> core_;
};

// Wakes the loop from any thread. Rings coalesce: one call or more for any number of rings, after
// the last of them. Carries nothing: put the data in a Latest or a Mailbox first.
//
// No uv_async_t: where the woken loop's thread takes the core from the one that rings, as a worker
// may from the control loop, uv_async_send() is not over yet, and libuv (1.44) spins until it is.
class Bell {
 public:
  Bell(Loop& loop, std::function<void()> rung);
  void ring();  // any thread, while the Bell lives

 private:
  struct Core {
    uv_poll_t poll;
    std::function<void()> rung;
    WakeFd wake;
  };
  Owned<Core> core_;
};

class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> raised);

 private:
  struct Core {
    uv_signal_t signal;
    std::function<void()> raised;
  };
  Owned<Core> core_;
};

}  // namespace sluice::net
