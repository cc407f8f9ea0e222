// What is counted while connections live: cells written by one worker each and summed when they are
// read.
//
// A cell belongs to one worker's thread for writing (a load and a store, no read-modify-write); any
// thread may read it at any time. Cells are made by the control loop with one slot a worker, each
// on its own cache lines, and live as long as a plan or a session holds them: when the last one
// lets go, the series disappear from /metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/net/dial.h"

namespace sluice::metrics {

// Why a connection ended. One closed enum: the same word in the log, in the metric and in the API.
enum class CloseReason : std::uint8_t {
  client_closed,
  upstream_closed,
  client_reset,
  upstream_reset,
  idle_timeout,
  half_close_timeout,
  max_age,
  connect_failed,
  connect_timeout,
  no_instance,
  queue_timeout,
  queue_full,
  limit_listener,
  limit_source,
  limit_process,
  denied,
  proxy_header_invalid,
  proxy_header_timeout,
  tls_error,
  drain,
  instance_down,
  instance_removed,
  rebalance,
  admin,
  shutdown,
  internal_error,
};
inline constexpr std::size_t kCloseReasons = 26;
std::string_view word(CloseReason reason);

using net::ConnectResult;
using net::kConnectResults;

// A count with one writing thread. Who reads it also sees what that thread had counted before, in
// other counters too; on x86 both sides are plain moves.
class Counter {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
  void increment() { add(1); }
  std::uint64_t read() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Durations in fixed buckets (upper bounds in microseconds, inclusive, the last one open). One
// writer.
template <std::size_t N>
class DurationHistogram {
 public:
  using Bounds = std::array<std::uint64_t, N>;
  explicit DurationHistogram(const Bounds& bounds) : bounds_(bounds) {}
  void observe(std::uint64_t us) {
    std::size_t i = 0;
    while (i < N && us > bounds_[i]) ++i;
    buckets_[i].increment();
    sum_us_.add(us);
  }
  const Bounds& bounds() const { return bounds_; }
  std::uint64_t bucket(std::size_t i) const { return buckets_[i].read(); }  // i <= N
  std::uint64_t sum_us() const { return sum_us_.read(); }

 private:
  const Bounds& bounds_;
  std::array<Counter, N + 1> buckets_;
  Counter sum_us_;
};

inline constexpr std::array<std::uint64_t, 14> kConnectBoundsUs = {
    50,     100,    250,    500,     1'000,   2'500,     5'000,
    10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000, 5'000'000};
inline constexpr std::array<std::uint64_t, 14> kConnectionBoundsUs = {
    1'000,     5'000,      10'000,     50'000,      100'000,       500'000,       1'000'000,
    5'000'000, 15'000'000, 60'000'000, 300'000'000, 1'800'000'000, 7'200'000'000, 86'400'000'000};

struct alignas(64) ListenerSlot {
  Counter accepted;
  Counter closed;         // active = accepted - closed, never negative when `closed` is read first
  Counter accept_paused;  // times that accepting stopped for want of file descriptors
};

struct alignas(64) RouteSlot {
  std::array<Counter, kCloseReasons> closed;
  Counter bytes_upstream;    // from the client to the instance
  Counter bytes_downstream;  // from the instance to the client
  Counter spliced;           // of both directions
  DurationHistogram<14> duration{kConnectionBoundsUs};
};

struct alignas(64) ServiceSlot {
  std::array<Counter, kConnectResults> attempts;
  std::array<Counter, kConnectResults> retries;  // by the result that made it necessary, never ok
  Counter retries_early_close;                   // replays: it closed before any byte
  Counter retries_no_instance;                   // a retry that found nobody to take it
  Counter retries_over_budget;                   // waits for room in the retry budget
  DurationHistogram<14> connect{kConnectBoundsUs};
};

struct alignas(64) PartSlot {
  Counter given;        // connections that the draw gave it
  Counter failed;       // of those, by session::is_failure()
  Counter passed_over;  // times that it was drawn with nobody there, and another part had somebody
};

// The slots of one thing, one a worker.
template <class Slot>
class Cells {
 public:
  explicit Cells(std::size_t workers) : slots_(workers) {}
  Slot& of(std::size_t worker) { return slots_[worker]; }
  const std::vector<Slot>& all() const { return slots_; }

 private:
  std::vector<Slot> slots_;
};

struct ListenerCells : Cells<ListenerSlot> {
  ListenerCells(std::size_t workers, std::string name)
      : Cells(workers), listener(std::move(name)) {}
  const std::string listener;
  // Connections that hold a place under limits.connections, exact over all workers.
  std::atomic<std::uint32_t> places{0};
  // Connections that wait for an instance, under no_instance.hold_max.
  std::atomic<std::uint32_t> held{0};
  // Connections that wait for a place under the listener's limits: `over_limit`.
  std::atomic<std::uint32_t> delayed{0};
};

struct RouteCells : Cells<RouteSlot> {
  RouteCells(std::size_t workers, std::string from, std::string to)
      : Cells(workers), listener(std::move(from)), service(std::move(to)) {}
  const std::string listener;
  const std::string service;
};

// A part of a split: what its connections count, and what the control loop lets it have.
struct PartCells : Cells<PartSlot> {
  PartCells(std::size_t workers, std::string of_listener, std::string of_route,
            std::string its_name)
      : Cells(workers),
        listener(std::move(of_listener)),
        route(std::move(of_route)),
        part(std::move(its_name)) {}
  const std::string listener;
  const std::string route;
  const std::string part;
  // That it is drawn by. Written by the control loop (Splits).
  std::atomic<std::uint32_t> weight{0};
  enum class Fuse : std::uint8_t { none, whole, blown };
  std::atomic<Fuse> fuse{Fuse::none};
};

struct ServiceCells : Cells<ServiceSlot> {
  ServiceCells(std::size_t workers, std::string name) : Cells(workers), service(std::move(name)) {}
  const std::string service;
  // Exact over all workers. Connections of the service, from the first pick to the end: under
  // limits.connections, and for the retry budget; and retries whose connect is under way.
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> retrying{0};
  // Clients that wait for a place with the service (session/line.h), and those of them who wait for
  // room and not for somebody to be there: under limits.queue.
  std::atomic<std::uint32_t> waiting{0};
  std::atomic<std::uint32_t> queued{0};
};

}  // namespace sluice::metrics
