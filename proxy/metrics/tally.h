// What is counted by events of the control loop and the API, rather than by cells. Guarded by its
// user.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "proxy/metrics/cells.h"

namespace sluice::metrics {

struct CheckTally {
  Counter successes;
  Counter failures;
  DurationHistogram<14> duration{kConnectBoundsUs};
};

struct Took {
  DurationHistogram<14> duration{kConnectBoundsUs};
};

// A copy is cheap and shares the tallies of durations, which may be read while they are counted.
struct Tally {
  std::map<std::string, std::shared_ptr<CheckTally>, std::less<>> checks;   // by service
  std::map<std::pair<std::string, int>, std::uint64_t> discovery_requests;  // by service and status
  std::uint64_t reloads_done = 0;
  std::uint64_t reloads_failed = 0;
  std::uint64_t instances_added = 0;
  std::uint64_t instances_removed = 0;
  std::shared_ptr<Took> registrations = std::make_shared<Took>();  // from the request to the answer
  std::shared_ptr<Took> plans = std::make_shared<Took>();  // from a change to all workers' knowing
};

}  // namespace sluice::metrics
