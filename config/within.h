// Ranges, for the checks.
#pragma once

#include <string>
#include <type_traits>

#include "config/site.h"
#include "config/units.h"

namespace sluice::config {

// Tells if `value` is not in [low, high]. Numbers, durations and sizes.
template <class T>
void within(const Site& site, T value, std::type_identity_t<T> low, std::type_identity_t<T> high) {
  const auto written = [](T amount) {
    if constexpr (std::is_integral_v<T>) {
      return text(static_cast<std::uint64_t>(amount));
    } else {
      return text(amount);
    }
  };
  if (value < low) site.error(written(value) + " is below " + written(low));
  if (value > high) site.error(written(value) + " is above " + written(high));
}

}  // namespace sluice::config
