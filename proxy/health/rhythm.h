// When an instance is probed next. Pure: the clock and the dice are arguments.
//
// Probes of one instance start an interval apart, give or take the check's jitter; how long a probe
// takes does not add to that. Instances that came together are set apart by their phase: each one's
// second probe follows its first after its own share of the interval.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice::health {

// Least pause between the end of a probe and the start of the next one of the same instance.
inline constexpr std::uint64_t kRestMs = 10;
// Least time between the starts of a probe and of one that suspicion asked for.
inline constexpr std::uint64_t kSoonMs = 100;

// From the start of one probe to the start of the next. `dice` is uniform in [0, 1). The fast
// interval never slows down a check whose interval is shorter.
std::uint64_t gap_ms(const config::Check& check, bool changing, double dice);

// The n-th newcomer's share of its first interval, in (0, 1]; the first one's is 1. Any run of
// neighbours lies evenly: multiples of the golden ratio (Knuth, TAOCP 3, 6.4, "Fibonacci hashing").
double phase(std::uint64_t nth);

// That share of `gap_ms`, rounded.
std::uint64_t share(std::uint64_t gap_ms, double of_it);

}  // namespace sluice::health
