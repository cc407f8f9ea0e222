// Which ends of a connection are its service's failures.
#pragma once

#include <cstdint>

#include "proxy/metrics/cells.h"

namespace sluice::session {

// The instance took the connection, and closed or reset it before it had sent a byte.
inline bool is_early_close(metrics::CloseReason reason, std::uint64_t bytes_down) {
  using metrics::CloseReason;
  const bool by_instance =
      reason == CloseReason::upstream_closed || reason == CloseReason::upstream_reset;
  return by_instance && bytes_down == 0;
}

inline bool is_failure(metrics::CloseReason reason, std::uint64_t bytes_down) {
  using metrics::CloseReason;
  return reason == CloseReason::connect_failed || reason == CloseReason::connect_timeout ||
         reason == CloseReason::no_instance || is_early_close(reason, bytes_down);
}

}  // namespace sluice::session
