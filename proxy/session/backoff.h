// The delay before a retry. Pure.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice::session {

// Milliseconds to wait before retry k (1, 2, ...): min(max_delay, base_delay * multiplier^(k-1)),
// with full jitter times `unit`, a uniform random number in [0, 1). ("Full jitter": Brooker, AWS
// Architecture Blog, 2015.) Never below one millisecond: a retry without any delay is a storm. Does
// not overflow for any k.
std::uint64_t backoff_ms(const config::Retry& retry, std::uint32_t k, double unit);

}  // namespace sluice::session
