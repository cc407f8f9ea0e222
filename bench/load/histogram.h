// Latencies in buckets whose width grows with the value: each is known to within 1/128 of itself,
// from 1 ns to more than an hour, in constant memory and at the cost of one increment.
//
// The layout is that of HdrHistogram: each power of two is cut into 128 equal parts. A value; one
// thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bench/load/clock.h"

namespace sluice::bench {

class Histogram {
 public:
  void add(Nanoseconds value);

  std::uint64_t count() const { return count_; }
  Nanoseconds max() const { return max_; }

  // The least value that `share` (0 to 1) of all are not above, rounded up to its bucket's end;
  // 0 if there are none.
  Nanoseconds quantile(double share) const;

 private:
  static constexpr unsigned kPartBits = 7;
  static constexpr unsigned kPowers = 36;

  static std::size_t bucket_of(Nanoseconds value);
  static Nanoseconds end_of(std::size_t bucket);

  std::array<std::uint64_t, (kPowers + 1) << kPartBits> counts_{};
  std::uint64_t count_ = 0;
  Nanoseconds max_ = 0;
};

}  // namespace sluice::bench
