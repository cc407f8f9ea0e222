// What a reload may change of the transport. An immutable value that crosses threads.
#pragma once

#include <chrono>

#include "config/config.h"
#include "proxy/admin/request_rules.h"

namespace sluice::admin {

// How long a client may take where the operator has no say.
struct Patience {
  std::chrono::milliseconds idle = std::chrono::seconds(60);  // between two requests
  std::chrono::milliseconds linger =
      std::chrono::seconds(2);  // to end its side after we ended ours
};

struct Settings {
  config::AdminLimits limits;
  RequestRules rules;
  Patience patience = {};
};

}  // namespace sluice::admin
