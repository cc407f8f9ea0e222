// JSON from a client, read strictly. A pure function; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::registry {

inline constexpr std::size_t kMaxJsonDepth = 32;

// RFC 8259 and nothing beyond it. Refused besides: nesting over kMaxJsonDepth, a key that an object
// has twice, a number that no double holds, a lone surrogate, bytes that are not UTF-8. `why` says
// what is wrong, on one short line. Memory stays in proportion to `text`; the parser does not
// recurse.
std::optional<nlohmann::json> read_json(std::string_view text, std::string& why);

}  // namespace sluice::registry
