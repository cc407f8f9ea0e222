// A workload, and the run that takes it through its stages: its connections come up, it warms up,
// it is measured, and it winds up.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "bench/load/poll.h"
#include "bench/load/tally.h"

namespace sluice::bench {

class Workload {
 public:
  virtual ~Workload() = default;
  virtual bool is_ready() const = 0;  // all connections are up and have carried something
  virtual bool is_over() const { return false; }  // there is nothing left to measure
  virtual void finish() = 0;  // begins nothing new; every error from now on still counts
  virtual std::uint64_t unanswered() const = 0;  // operations under way
};

struct Times {
  double ready = 10;     // most seconds until all connections are up
  double warm_up = 0.3;  // seconds
  double measure = 3;
  double finish = 5;  // most seconds for what is still under way
};

// Runs the workload, which lives on `poll` and counts in `tally`. A line "measuring" and a line
// "measured" on standard output bracket the measured time, flushed as it happens, so that another
// program may read its own gauges at the same moments; no connection goes up or down for it in
// between. Not getting ready, unanswered operations and giving up (after 1 000 errors) are errors.
void run(Poll& poll, Tally& tally, Workload& workload, const Times& times);

// From here on SIGINT ends what is measured, as if its time were over.
void end_by_signal();

}  // namespace sluice::bench
