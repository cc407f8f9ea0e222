// For threads that may share a core with a worker and are in no hurry.
#pragma once

namespace sluice::net {

// The calling thread stands behind the workers from here on: nice 10, and slices of 0.1 ms, so that
// a connection that has something to do while this thread runs waits no longer than that. (The
// kernel takes wishes for slices since 6.12; before, its slice of some milliseconds is the wait.)
// What cannot be had is gone without.
void stand_behind_workers();

}  // namespace sluice::net
