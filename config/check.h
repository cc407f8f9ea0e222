// Whether a Config that could be read makes sense: ranges, names, and what one key means for
// another. Pure; every problem is told at the place of the key that is to be changed.
#pragma once

#include "config/config.h"
#include "config/site.h"

namespace sluice::config {

inline constexpr std::uint64_t kMaxRingPoints = 16u << 20;  // of one service

// Requires: `config` is complete() and was read from the tree at `root`.
void check(const Config& config, const Site& root);

// --- The parts of it.

void check_process(const Config& config,
                   const Site& root);  // version, process, log, admin, registry

// The keys that may stand under `defaults` as well. Only sections that are said at `site` are
// looked at: what is inherited has been looked at there. (check_policies.cc)
void check_policies(const Listener& listener, const Site& site);
void check_policies(const Service& service, const Site& site);

// The `check` of a service, or what an instance's own makes of it. (check_policies.cc)
void check_check(const Check& check, const Site& site);

// Names, addresses and who refers to whom. (check_topology.cc)
void check_topology(const Config& config, const Site& root);

// A listener's routes, but for whether their services exist. Requires: it has some.
// (check_routes.cc)
void check_routes(const Listener& listener, const Site& site);

// Instances that are listeners of the same file and lead back to themselves. (check_circles.cc)
void check_circles(const Config& config, const Site& root);

}  // namespace sluice::config
