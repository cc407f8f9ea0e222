// The field Authorization of a request: the secret of a token. Pure; any thread.
#pragma once

#include <string_view>

#include "proxy/admin/http.h"
#include "proxy/admin/refusal.h"

namespace sluice::admin {

// "Bearer SECRET" (RFC 6750, section 2.1; the scheme in any case) makes request.secret. Another
// scheme is none of ours and says nothing. 400, without a word of the value, for what is neither.
Objection read_authorization(std::string_view value, Request& request);

}  // namespace sluice::admin
