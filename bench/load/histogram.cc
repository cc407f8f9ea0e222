#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {

void Histogram::add(Nanoseconds value) {
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
}

Nanoseconds Histogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen != 0 && seen >= wanted) return std::min(end_of(bucket), max_);
  }
  return max_;
}

// Values below 2^kPartBits have a bucket each; above, the top kPartBits + 1 bits choose it.
std::size_t Histogram::bucket_of(Nanoseconds value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kPartBits) return value;
  const unsigned shift = width - kPartBits - 1;
  const std::size_t bucket = (static_cast<std::size_t>(shift) << kPartBits) + (value >> shift);
  return std::min(bucket, std::size_t{((kPowers + 1) << kPartBits) - 1});
}

Nanoseconds Histogram::end_of(std::size_t bucket) {
  if (bucket < (1u << kPartBits)) return bucket;
  const std::size_t shift = (bucket >> kPartBits) - 1;
  const Nanoseconds part = bucket - (shift << kPartBits);
  return ((part + 1) << shift) - 1;
}

}  // namespace sluice::bench
