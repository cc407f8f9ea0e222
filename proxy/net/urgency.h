// Which of our threads the kernel lets run first where they share a core, by the slices that they
// wish for: whoever wakes and has the shorter one goes before who runs (Linux 6.12 and later, its
// EEVDF scheduler; before, all have the kernel's slice of some milliseconds, and that is the wait).
#pragma once

namespace sluice::net {

enum class Urgency {
  connections,  // a worker: nobody's bytes wait for anything else of ours
  orders,       // the control loop and the API's, for which clients of ours wait in turn
  background,   // pages and watchers: nice 10, and short turns
};

// The calling thread is of this urgency from here on. A scheduling policy that it was given, and
// but for `background` its nice value, stay as they are. What cannot be had is gone without.
void set_urgency(Urgency urgency);

// Lets others that wait for this core go first. For long work in the background: once it runs, the
// kernel takes the core from it at its next tick, which may be 4 ms away, wish for short turns or
// not. Costs next to nothing where nobody waits.
void give_way();

}  // namespace sluice::net
