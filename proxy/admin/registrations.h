// The routes by which instances register, report and leave, and the operator has his word.
//
//   PUT    /v1/services/{s}/instances/{id}            ?wait=applied  ?create=true
//   POST   /v1/register                               the same, with the names in the body
//   PUT    /v1/services/{s}/instances/{id}/heartbeat
//   DELETE /v1/services/{s}/instances/{id}            ?drain=30s  ?wait=true  ?incarnation=7
//   PUT    /v1/services/{s}/instances/{id}/state
//
// A registration answers {index, epoch, service, id, incarnation, ttl, created}, once it is durable
// and, with wait=applied, once every worker routes by it. A heartbeat answers what the proxy
// thinks: {state, reason, connections, weight, ttl_remaining, incarnation, index, epoch}. Leaving
// answers {index, epoch, connections}: those that are left, with `wait` when the last has gone or
// the drain is over.
//
// All but the last take the permission to register on the service (gate.h), the last that of its
// admin. The name of the token that a registration came with is its owner, for quotas.
//
// Faults are 400 (not well said), 403 (the service takes no registrations, or not this address),
// 404 (no such service; no such instance: register again), 409 (an older incarnation, a static
// instance, an id that exists) and 429 (too many). 503 with the code "not_durable": it is done and
// in effect, but the store failed, so that a restart may forget it; it is tried again meanwhile.
#pragma once

#include <vector>

#include "proxy/admin/control.h"
#include "proxy/admin/router.h"

namespace sluice::admin {

// `control` must outlive them.
std::vector<Route> registration_routes(Control& control);

}  // namespace sluice::admin
