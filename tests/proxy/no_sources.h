// Figures for Metrics, where nobody asks for its page.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/metrics/metrics.h"

namespace sluice {

inline metrics::Sources no_sources() {
  return {[] { return nullptr; }, [] { return std::vector<metrics::Sources::Worker>{}; },
          [] { return std::uint64_t{0}; }, [] { return metrics::Sources::Store{}; }, ""};
}

}  // namespace sluice
