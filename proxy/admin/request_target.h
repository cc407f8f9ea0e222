// The target of a request, "/v1/services/pg?index=7", into path, segments and query. A pure
// function; any thread.
#pragma once

#include <string_view>

#include "proxy/admin/http.h"
#include "proxy/admin/refusal.h"

namespace sluice::admin {

inline constexpr std::size_t kMaxTarget = 4096;

// Only the origin form of RFC 9112, 3.2.1. Refused (400) beside the other forms: a fragment, a
// percent sign without two hex digits, an encoded NUL, a byte that must be encoded, and a parameter
// that is given twice; a target over kMaxTarget bytes is 414. A slash that is encoded stays within
// its segment. In the query a plus is a space.
Objection read_target(std::string_view target, Request& request);

}  // namespace sluice::admin
