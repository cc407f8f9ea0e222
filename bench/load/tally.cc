#include "bench/load/tally.h"

#include <nlohmann/json.hpp>

namespace sluice::bench {

void Tally::begin(Nanoseconds now) {
  began_ = now;
  is_counting_ = true;
}

void Tally::end(Nanoseconds now) {
  ended_ = now;
  is_counting_ = false;
}

void Tally::operation(Nanoseconds took) {
  if (is_counting_) latencies_.add(took);
}

void Tally::error(const std::string& what, std::uint64_t times) {
  if (times != 0) errors_[what] += times;
}

std::uint64_t Tally::errors() const {
  std::uint64_t sum = 0;
  for (const auto& [what, times] : errors_) sum += times;
  return sum;
}

nlohmann::json Tally::to_json() const {
  const double time = seconds(ended_ - began_);
  nlohmann::json json = {
      {"seconds", time},
      {"operations", latencies_.count()},
      {"rate", time > 0 ? static_cast<double>(latencies_.count()) / time : 0},
      {"bytes_sent", sent_},
      {"bytes_received", received_},
      {"errors", errors_},
  };
  if (latencies_.count() != 0) {
    const auto microseconds = [](Nanoseconds value) { return static_cast<double>(value) / 1e3; };
    json["latency_us"] = {{"p50", microseconds(latencies_.quantile(0.5))},
                          {"p99", microseconds(latencies_.quantile(0.99))},
                          {"p999", microseconds(latencies_.quantile(0.999))},
                          {"max", microseconds(latencies_.max())}};
  }
  return json;
}

}  // namespace sluice::bench
