// The weights that the parts of all splits are drawn by, and the fuses that take them to 0.
//
// What a configuration says of a listener's routes holds until another says otherwise: a reload
// that changes them gives every part of that listener its weight back and begins to count anew, and
// so does the operator's word (reset()) for one part. Any other reload leaves blown fuses blown. A
// fuse does not blow while none of the other parts has both a weight and somebody to take a
// connection: a part that fails is better than nobody. That is told once, too, and the fuse blows
// when there is somebody again and the part still fails.
//
// Control loop only. The counts are the workers' (metrics::PartCells).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/admin/control.h"
#include "proxy/fuse.h"
#include "proxy/metrics/metrics.h"
#include "registry/instance.h"
#include "registry/snapshot.h"

namespace sluice {

class Splits {
 public:
  static constexpr std::uint64_t kLookEveryMs = 200;

  explicit Splits(metrics::Metrics& metrics) : metrics_(metrics) {}

  // Before the first plan of a configuration.
  void adopt(const config::Config& config, const registry::Now& now);
  // Those whose state has changed since the last time. To be called every kLookEveryMs while there
  // are fuses, with the registry as it is.
  std::vector<admin::FuseStatus> look(const registry::Snapshot& snapshot, const registry::Now& now);
  // Makes the fuse of a part whole: the part has its weight again, and what was counted until now
  // does not count. Nothing: there is no such fuse.
  std::optional<admin::FuseStatus> reset(const admin::FuseName& name, const registry::Now& now);
  bool has_fuses() const;
  std::vector<admin::FuseStatus> statuses() const;  // in the order of listeners' names

 private:
  using Cells = std::shared_ptr<metrics::PartCells>;
  struct Watched {
    admin::FuseStatus status;
    config::Fuse fuse;
    Cells part;
    std::vector<Cells> others;
    std::vector<config::Part> said_of_others;  // in the same order
    SlidingOutcomes own, rest;

    void begin(const registry::Now& now);
  };
  struct Line {  // of a listener
    std::vector<config::Route> routes;
    std::vector<Cells> parts;  // of all its splits
    std::vector<Watched> fuses;
  };
  static bool is_somebody_left(const Watched& watched, const registry::Snapshot& snapshot);
  Line begin(const config::Listener& listener, const registry::Now& now);
  void watch(const config::Listener& listener, const config::Route& route,
             const std::vector<Cells>& parts, const registry::Now& now, Line& line);

  metrics::Metrics& metrics_;
  std::map<std::string, Line> lines_;  // by listener
};

}  // namespace sluice
