// What a file may leave out because it follows from the rest: filled in between reading and
// checking.
#pragma once

#include "config/config.h"
#include "config/site.h"

namespace sluice::config {

// Spells out the shared sections of `defaults`, writes every address the canonical way
// (Endpoint::text()), names a listener after its first bind, a route after its place, a part of a
// split after its service and an instance after its address.
// Tells of every address that is none.
void complete(Config& config, const Site& root);

}  // namespace sluice::config
