// The part of an instance that changes while connections are being made: counts and the verdict,
// as atomics, shared by the control loop and every worker.
//
// One Live belongs to one incarnation of one instance and outlives it for as long as a connection
// holds a token: what was counted on an object is taken off the same object, never off a newcomer
// under the same name. Everything here may be read and written on any thread; `verdict` and
// `condemned` are written by the control loop alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "config/endpoint.h"
#include "config/frozen.h"

namespace sluice::registry {

// What a balancer may do with an instance. The one eligibility predicate: the registry works it out
// of all inputs, pick() and retry only read it.
enum class Verdict : std::uint8_t {
  never,        // down, draining, checking, weight 0 ...
  last_resort,  // only ejected by the outlier rule: taken when nobody else is left
  trial,        // its breaker is half open: as eligible while a trial is free (Live::has_trial())
  eligible,
};

// Why the control loop wants the connections of an instance closed.
enum class Condemned : std::uint8_t { no, instance_removed, instance_down, instance_down_reset };

// All of an instance's weight, in the unit of Live::warmth.
inline constexpr std::uint16_t kFullWarmth = 1000;

// How an instance fails a connection that it was given.
enum class Failure : std::uint8_t {
  connect,  // it did not take it: refused, timed out, unreachable, reset on the way ...
  // It took it, and closed or reset it before it had sent a byte. Only where the client was there
  // still: whoever leaves first, with a reset or by finishing, is answered by a close, which is no
  // fault. And only where the client had said something or the connection was less than a second
  // old: later than that an instance has lost its patience with a client that is silent.
  early_close,
};

// Failures in a row, of both kinds.
struct FailureRow {
  std::uint32_t connects = 0;
  std::uint32_t early_closes = 0;
  std::uint64_t total() const { return std::uint64_t{connects} + early_closes; }
  friend bool operator==(const FailureRow&, const FailureRow&) = default;
};

struct Identity {
  config::Text service;  // the same text in all of the service, and of the id in its Instances
  config::Text id;
  std::uint64_t incarnation = 0;
  config::Endpoint address;
};

// What workers write lies in front, 64 bytes at most with the count of those who hold it, so that
// the neighbours of an instance in memory, which are seldom written, are at its back.
struct Live {
  explicit Live(Identity who) : identity(std::move(who)) {}
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // Connections in flight: pending connects and established ones, over all workers.
  std::atomic<std::uint32_t> load{0};
  std::atomic<std::uint32_t> active{0};  // the established ones among them
  // So much load at most. Lowering it takes nobody off. Written by the control loop alone.
  std::atomic<std::uint32_t> limit{kUnlimited};
  // A FailureRow: whoever takes a connection ends the one, whoever sends a byte the other as well.
  std::atomic<std::uint32_t> connect_failures{0};
  std::atomic<std::uint32_t> early_closes{0};
  std::atomic<Verdict> verdict{Verdict::never};
  std::atomic<Condemned> condemned{Condemned::no};
  // The share of its weight that it takes at present, in thousandths, 1 to kFullWarmth; read where
  // the service has a slow start. Written by the control loop alone.
  std::atomic<std::uint16_t> warmth{kFullWarmth};
  // Connections on trial, over all workers, and how many there may be (written by the control
  // loop).
  std::atomic<std::uint16_t> trials{0};
  std::atomic<std::uint16_t> trial_limit{0};
  std::atomic<std::uint64_t> selected{0};  // picks so far
  // Of a registered instance: when its lease ends (monotonic ms; 0: it has none), and the load that
  // it reported last (NaN: none). Written by the control loop alone.
  std::atomic<std::uint64_t> lease_ends_ms{0};
  std::atomic<double> reported_load{std::numeric_limits<double>::quiet_NaN()};

  // Room for one connection more? Who finds none, and then says that he waits (a sequentially
  // consistent write), is told of a place that is given back, or finds it when he looks again.
  bool has_room() const {
    return load.load(std::memory_order_seq_cst) < limit.load(std::memory_order_relaxed);
  }
  // Puts one on the load, unless that is at its limit. Exact, whoever else does.
  bool take_place() {
    const std::uint32_t most = limit.load(std::memory_order_relaxed);
    if (most == kUnlimited) {
      load.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    std::uint32_t seen = load.load(std::memory_order_relaxed);
    while (seen < most) {
      if (load.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();
  const Identity identity;

  bool has_trial() const {
    return trials.load(std::memory_order_relaxed) < trial_limit.load(std::memory_order_relaxed);
  }
  // May a connection go there in a search for those of `wanted`, eligible or last_resort? The one
  // question of pick, retry and explain alike; a trial is taken after the choice (Trial).
  bool is(Verdict wanted) const {
    const Verdict now = verdict.load(std::memory_order_relaxed);
    if (now == wanted) return true;
    return now == Verdict::trial && wanted == Verdict::eligible && has_trial();
  }

  // One more; answers the row that it makes.
  FailureRow note(Failure failure) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    return failure == Failure::connect ? FailureRow{connect_failures.fetch_add(1, kRelaxed) + 1,
                                                    early_closes.load(kRelaxed)}
                                       : FailureRow{connect_failures.load(kRelaxed),
                                                    early_closes.fetch_add(1, kRelaxed) + 1};
  }
  // It has taken a connection. (Reading first spares the others of the cache line a write.)
  void note_connect() { clear(connect_failures); }
  // It has sent something.
  void note_word() {
    clear(connect_failures);
    clear(early_closes);
  }

 private:
  static void clear(std::atomic<std::uint32_t>& count) {
    if (count.load(std::memory_order_relaxed) != 0) count.store(0, std::memory_order_relaxed);
  }
};

// A connection's being a trial of an instance whose breaker is half open; counted in `trials`, and
// given back by the destructor. It may go from thread to thread.
class Trial {
 public:
  Trial() = default;
  // Takes one if one is free; an empty one (false) otherwise.
  static Trial take(const std::shared_ptr<Live>& live) {
    std::uint16_t taken = live->trials.load(std::memory_order_relaxed);
    do {
      if (taken >= live->trial_limit.load(std::memory_order_relaxed)) return {};
    } while (!live->trials.compare_exchange_weak(taken, static_cast<std::uint16_t>(taken + 1),
                                                 std::memory_order_relaxed));
    return Trial(live);
  }
  Trial(Trial&& other) noexcept = default;
  Trial& operator=(Trial&& other) noexcept {
    std::swap(live_, other.live_);
    return *this;
  }
  ~Trial() {
    if (live_) live_->trials.fetch_sub(1, std::memory_order_relaxed);
  }
  const std::shared_ptr<Live>& live() const { return live_; }
  explicit operator bool() const { return live_ != nullptr; }

 private:
  friend class LoadToken;
  explicit Trial(std::shared_ptr<Live> live) : live_(std::move(live)) {}
  std::shared_ptr<Live> live_;
};

// One connection's place on an instance, from the pick to the end. Counted in `load` from the start
// (pending) and in `active` after establish(); the destructor takes off exactly what was put on,
// the trial included, if it is one.
class LoadToken {
 public:
  LoadToken() = default;
  // Adopts a count that the caller has already put on live->load.
  static LoadToken adopt(std::shared_ptr<Live> live) { return LoadToken(std::move(live)); }
  LoadToken(LoadToken&& other) noexcept
      : live_(std::move(other.live_)),
        active_(std::exchange(other.active_, false)),
        on_trial_(std::exchange(other.on_trial_, false)) {}
  LoadToken& operator=(LoadToken&& other) noexcept {
    if (this != &other) {
      release();
      live_ = std::move(other.live_);
      active_ = std::exchange(other.active_, false);
      on_trial_ = std::exchange(other.on_trial_, false);
    }
    return *this;
  }
  ~LoadToken() { release(); }

  // The connect succeeded: pending becomes established. Requires: holds a count; twice is once.
  void establish() {
    if (!active_) live_->active.fetch_add(1, std::memory_order_relaxed);
    active_ = true;
  }
  // Makes it a trial. Requires: both are of the same instance.
  void put_on(Trial trial) {
    on_trial_ = true;
    trial.live_.reset();  // it is in our hands
  }
  bool is_on_trial() const { return on_trial_; }
  // What was put on, if it was; it ends with what is returned.
  Trial take_trial() { return std::exchange(on_trial_, false) ? Trial(live_) : Trial(); }
  void release() {
    if (!live_) return;
    take_trial();
    if (active_) live_->active.fetch_sub(1, std::memory_order_relaxed);
    live_->load.fetch_sub(1, std::memory_order_seq_cst);  // before a look at who waits
    active_ = false;
    live_.reset();
  }
  const std::shared_ptr<Live>& live() const { return live_; }
  explicit operator bool() const { return live_ != nullptr; }

 private:
  explicit LoadToken(std::shared_ptr<Live> live) : live_(std::move(live)) {}
  std::shared_ptr<Live> live_;
  bool active_ = false;
  bool on_trial_ = false;
};

}  // namespace sluice::registry
