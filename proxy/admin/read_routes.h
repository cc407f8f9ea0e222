// The routes that read the registry, now or as it changes.
//
//   GET /v1/services  /v1/services/{s}      ?index=&wait=&epoch=&selector=&state=
//   GET /v1/watch                           ?service=&since=&epoch=&selector=
//   GET /v1/events                          ?since=&service=&limit=
//
// What the parameters mean is in reads.h. One that cannot be understood is 400, an unknown service
// 404, also for a watch. What tells of one service takes a token that reads it, the rest one that
// reads all (gate.h); a watch goes on under the one that it began with, whatever becomes of it.
// Answers carry X-Sluice-Index, the one to ask for next, and X-Sluice-Epoch.
#pragma once

#include <vector>

#include "proxy/admin/hub.h"
#include "proxy/admin/router.h"

namespace sluice::admin {

// `hub` must outlive them.
std::vector<Route> read_routes(Hub& hub);

}  // namespace sluice::admin
