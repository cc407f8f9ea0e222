// What a run has counted: operations, their latencies and bytes while it measures; errors always.
//
// One thread. Counting begins with begin() and stops with end(); what is told before or after is
// warm-up or winding up, and only its errors count.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/load/clock.h"
#include "bench/load/histogram.h"

namespace sluice::bench {

class Tally {
 public:
  void begin(Nanoseconds now);
  void end(Nanoseconds now);

  void operation(Nanoseconds took);
  void sent(std::uint64_t bytes) { sent_ += is_counting_ ? bytes : 0; }
  void received(std::uint64_t bytes) { received_ += is_counting_ ? bytes : 0; }
  void error(const std::string& what, std::uint64_t times = 1);

  std::uint64_t errors() const;

  // {seconds, operations, rate, bytes_sent, bytes_received, latency_us, errors: {what: times}};
  // latency_us {p50, p99, p999, max} is there if there were operations.
  nlohmann::json to_json() const;

 private:
  bool is_counting_ = false;
  Nanoseconds began_ = 0;
  Nanoseconds ended_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Histogram latencies_;
  std::map<std::string, std::uint64_t> errors_;
};

}  // namespace sluice::bench
