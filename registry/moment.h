// Moments as the API shows them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::registry {

// RFC 3339 in UTC with milliseconds, of Unix time in ms: "2023-11-14T22:13:20.000Z".
std::string utc(std::int64_t wall_ms);

}  // namespace sluice::registry
