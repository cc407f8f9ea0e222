// A reply as bytes. Pure; any thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "proxy/admin/http.h"

namespace sluice::admin {

// The word for a status in the errors of the API: 404 is "not_found".
std::string_view error_code(int status);

struct Delivery {
  bool without_body = false;  // to a HEAD
  bool close = false;         // the connection ends with this reply
  std::time_t now = 0;        // for the Date field
  bool goes_on = false;       // more than the body follows: its end is the connection's
};

// The head, up to and with the empty line. Every reply says that it is neither to be cached nor to
// be taken for another type than it names; none ever allows another origin. Requires: the reply's
// own headers hold no control bytes.
std::string head_of(const Reply& reply, const Delivery& delivery);

// What follows the head: the body, or nothing. A view into the reply.
std::string_view content_of(const Reply& reply, const Delivery& delivery);

// Both in one, for what is short.
std::string to_wire(const Reply& reply, const Delivery& delivery);

}  // namespace sluice::admin
