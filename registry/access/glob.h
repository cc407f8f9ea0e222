// Patterns of service names: "web-*", "pg-?", "*". Pure; safe on any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::access {

inline constexpr std::size_t kLongestGlob = 253;  // bytes, as of a service's name

// Made of what names of services are made of, "*" and "?"; not empty, not too long. There are no
// classes ("[a-z]") and no escapes, for names hold neither brackets nor backslashes.
bool is_glob(std::string_view text);

// "*" stands for any run of bytes, an empty one too, "?" for exactly one byte, all else for itself.
// The whole name has to match. Takes at most |glob| x |name| steps, however many stars there are.
bool matches_glob(std::string_view glob, std::string_view name);

}  // namespace sluice::access
