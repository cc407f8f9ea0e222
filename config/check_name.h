// Names that stand in URLs, logs, metrics and diffs, so that they need no escaping anywhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/site.h"

namespace sluice::config {

inline constexpr std::size_t kLongestName = 253;

// Tells of a name that is not made of letters, digits and `marks`, or is too long.
void check_name(const std::string& name, std::string_view marks, std::size_t longest,
                const Site& site);

}  // namespace sluice::config
