// All policies, for tests of what holds for every one of them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "config/config.h"

namespace sluice::balance::testing {

inline constexpr config::Policy kAllPolicies[] = {config::Policy::least_connections,
                                                  config::Policy::p2c,
                                                  config::Policy::round_robin,
                                                  config::Policy::random,
                                                  config::Policy::first,
                                                  config::Policy::hash,
                                                  config::Policy::maglev};

inline std::string policy_name(const ::testing::TestParamInfo<config::Policy>& info) {
  switch (info.param) {
    case config::Policy::least_connections:
      return "LeastConnections";
    case config::Policy::p2c:
      return "TwoChoices";
    case config::Policy::round_robin:
      return "RoundRobin";
    case config::Policy::random:
      return "Random";
    case config::Policy::first:
      return "First";
    case config::Policy::hash:
      return "Hash";
    case config::Policy::maglev:
      return "Maglev";
  }
  return "Unknown";
}

}  // namespace sluice::balance::testing
