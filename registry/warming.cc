// The part of the Registry that has instances warm up.

#include <algorithm>

#include "registry/duration.h"
#include "registry/registry.h"
#include "registry/slow_start.h"

namespace sluice::registry {

// Whoever was down or is new begins to warm when he is eligible; whoever goes down is cold. True:
// the inputs have changed. Requires: judged.
bool Registry::follow_warming(Place place, Now now) {
  auto& [roster, record] = place;
  const Effective& effective = record.instance().effective;
  if (effective.state == State::down) {
    record.is_cold = true;
    stop_warming(place);
    return false;  // what is down is down, warm or not
  }
  if (!record.is_cold || effective.verdict != Verdict::eligible) return false;
  record.is_cold = false;
  if (roster.slow_start.window == config::Duration::zero()) return false;
  record.warm_since_ms = now.mono_ms;
  Inputs& inputs = record.edit().inputs;
  inputs.warming = true;
  inputs.warming_reason =
      "for " + in_words(static_cast<std::uint64_t>(roster.slow_start.window.count()));
  warm_up(place, now);
  return true;
}

// Has it take what it may by now, and comes back for more.
void Registry::warm_up(Place place, Now now) {
  auto& [roster, record] = place;
  const std::uint64_t elapsed = now.mono_ms - record.warm_since_ms;
  const std::uint16_t warmth = warmth_after(roster.slow_start, elapsed);
  record.instance().live->warmth.store(warmth, std::memory_order_relaxed);
  if (elapsed < static_cast<std::uint64_t>(roster.slow_start.window.count())) {
    return schedule(
        place, Due::Kind::warming,
        now.mono_ms +
            std::min(warming_step_ms(roster.slow_start),
                     static_cast<std::uint64_t>(roster.slow_start.window.count()) - elapsed));
  }
  stop_warming(place);
  rejudge(place, Change::Kind::state, "slow start: over", now);
}

void Registry::stop_warming(Place place) {
  Record& record = place.record;
  if (!record.instance().inputs.warming) return;
  schedule(place, Due::Kind::warming, 0);
  Instance& instance = record.edit();
  instance.inputs.warming = false;
  instance.inputs.warming_reason.clear();
  instance.live->warmth.store(kFullWarmth, std::memory_order_relaxed);
}

}  // namespace sluice::registry
