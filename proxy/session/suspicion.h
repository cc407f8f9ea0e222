// Tells of instances that fail the connections that they are given.
//
// The count of failures in a row is the instance's own, over all workers; the control loop hears of
// the first of a row, so that it can look into it at once, and of those from
// Upstream::suspect_after on. On the worker's thread.
#pragma once

#include "proxy/session/context.h"
#include "proxy/session/route.h"
#include "registry/live.h"

namespace sluice::session {

// Takes the place on the instance that the connection had, and gives it back first.
void suspect(Context& context, const Upstream& upstream, registry::LoadToken place,
             registry::Failure failure);

}  // namespace sluice::session
