// Which of a listener's routes takes a client, and why the others do not. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/admin/control.h"
#include "registry/snapshot.h"

namespace sluice {

// The routes of a listener that has some, at most one of them taken: the first that matches. Shares
// are those of this moment: fuses that have blown and services without anybody are counted in.
// `client` as in explain().
std::vector<admin::RouteShown> explain_routes(const config::Listener& listener,
                                              const registry::Snapshot& snapshot,
                                              const std::vector<admin::FuseStatus>& fuses,
                                              const std::string& client);

}  // namespace sluice
