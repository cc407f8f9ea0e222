#include "proxy/metrics/cells.h"

namespace sluice::metrics {

std::string_view word(CloseReason reason) {
  static constexpr std::array<std::string_view, kCloseReasons> kWords = {"client_closed",
                                                                         "upstream_closed",
                                                                         "client_reset",
                                                                         "upstream_reset",
                                                                         "idle_timeout",
                                                                         "half_close_timeout",
                                                                         "max_age",
                                                                         "connect_failed",
                                                                         "connect_timeout",
                                                                         "no_instance",
                                                                         "queue_timeout",
                                                                         "queue_full",
                                                                         "limit_listener",
                                                                         "limit_source",
                                                                         "limit_process",
                                                                         "denied",
                                                                         "proxy_header_invalid",
                                                                         "proxy_header_timeout",
                                                                         "tls_error",
                                                                         "drain",
                                                                         "instance_down",
                                                                         "instance_removed",
                                                                         "rebalance",
                                                                         "admin",
                                                                         "shutdown",
                                                                         "internal_error"};
  return kWords[static_cast<std::size_t>(reason)];
}

}  // namespace sluice::metrics
