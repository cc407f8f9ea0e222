// How an instance that has just become eligible grows into its weight (balance.slow_start).
//
// Pure functions. The Registry writes what they answer into Live::warmth, so that nothing is built
// anew while an instance warms up: whoever balances reads it there.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice::registry {

// The share of its weight, in thousandths, that an instance has `elapsed_ms` after it began: from
// `min` evenly to all of it (kFullWarmth) at the end of the window; never less than one, so that
// nobody is left out who is eligible.
std::uint16_t warmth_after(const config::SlowStart& rule, std::uint64_t elapsed_ms);

// From one look to the next: a twentieth of the window, but at least 100 ms.
std::uint64_t warming_step_ms(const config::SlowStart& rule);

}  // namespace sluice::registry
