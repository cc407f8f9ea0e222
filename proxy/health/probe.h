// What the kinds of probe have in common: a probe under way, what it found, and the words for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "config/config.h"
#include "proxy/net/dial.h"

namespace sluice::health {

enum class Outcome : std::uint8_t {
  success,
  failure,
  own_shortage,  // no descriptor, port or memory of our own: nothing was learnt about the instance
};

struct Finding {
  Outcome outcome = Outcome::failure;
  std::string detail;  // for people: "connected in 1 ms", "connection refused", ...
  std::uint64_t duration_us = 0;
};

// Told once, never from within the probe's constructor; may destroy the probe.
using Done = std::function<void(Finding)>;

// A probe under way. Destroying it abandons it: its Done is not called afterwards.
class RunningProbe {
 public:
  RunningProbe() = default;
  RunningProbe(const RunningProbe&) = delete;
  RunningProbe& operator=(const RunningProbe&) = delete;
  virtual ~RunningProbe() = default;
};

// The time since `started_ns` (net::monotonic_ns()).
std::uint64_t microseconds_since(std::uint64_t started_ns);
std::string in_milliseconds(std::uint64_t duration_us);  // "in 3 ms", rounded up
std::string no_answer_within(config::Duration timeout);  // "no answer within 1000 ms"
// Outcome and detail of a connect that failed with `error` (errno), which was classified as
// `result`.
Finding failed_connect(net::ConnectResult result, int error);

}  // namespace sluice::health
