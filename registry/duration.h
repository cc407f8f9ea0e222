// Spans of time as reasons and messages tell them: whole seconds as "30s", the rest as "1500ms".
#pragma once

#include <cstdint>
#include <string>

namespace sluice::registry {

inline std::string in_words(std::uint64_t ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

}  // namespace sluice::registry
