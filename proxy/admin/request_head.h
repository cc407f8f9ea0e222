// What the request line and the header fields said, as far as it means something to us. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proxy/admin/http.h"

namespace sluice::admin {

struct RequestHead {
  Request request;  // all but its body
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::uint64_t content_length = 0;  // 0 when chunked
  std::optional<std::string> host, origin, fetch_site, content_type;

  bool has_body() const { return chunked || content_length > 0; }
};

}  // namespace sluice::admin
