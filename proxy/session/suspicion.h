// Tells of instances that fail the connections that they are given, and of those on trial that do
// not.
//
// The count of failures in a row is the instance's own, over all workers; the control loop hears of
// the first of a row, so that it can look into it at once, and of those from
// Upstream::suspect_after on; of a trial it hears how that has gone, and nothing else. On the
// worker's thread.
#pragma once

#include "proxy/session/context.h"
#include "proxy/session/route.h"
#include "registry/live.h"

namespace sluice::session {

// Takes the place on the instance that the connection had, and gives it back first.
void suspect(Context& context, const Upstream& upstream, registry::LoadToken place,
             registry::Failure failure);

// It has sent something.
void praise(Context& context, registry::LoadToken& place);

// It has kept the connection long enough, if that is a trial.
void acquit(Context& context, registry::LoadToken& place);

}  // namespace sluice::session
