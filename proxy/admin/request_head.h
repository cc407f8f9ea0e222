// Request line and header fields, RFC 9112 read strictly: whatever could be read in two ways is
// refused.
//
// Lines end in CR LF and nothing else; there is no folding, no space before a colon, no control
// byte, no leading empty line. HTTP/1.1 and 1.0 only (505), of known methods only (501), to a path
// (request_target.h). Content-Length is one run of digits, once, and not beside Transfer-Encoding,
// which is "chunked", once, or 501. No field that means something to us may come twice, but
// Connection. A GET or HEAD carries no body. Names: RFC 9110's; fields that mean nothing to us are
// checked and forgotten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/http.h"
#include "proxy/admin/refusal.h"

namespace sluice::admin {

inline constexpr std::size_t kMaxFields = 64;

struct RequestHead {
  Request request;  // all but its body
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::uint64_t content_length = 0;  // 0 when chunked
  std::optional<std::string> host, origin, fetch_site, content_type;

  bool has_body() const { return chunked || content_length > 0; }
};

// Reads one head as its bytes arrive: each line once, refused at the first that is wrong. A value
// without I/O; belongs to one connection.
class HeadReader {
 public:
  // `limit`: of the whole head in bytes.
  explicit HeadReader(std::size_t limit) : limit_(limit) {}

  // Takes in `input`: all bytes of the connection from the head's first on, as many as there are by
  // now.
  Progress read(std::string_view input);

  std::size_t size() const { return line_at_; }  // of the head in bytes, once complete
  RequestHead& head() { return head_; }          // once complete
  const Refusal& refusal() const { return refusal_; }

 private:
  Objection read_line(std::string_view line);
  Objection read_request_line(std::string_view line);
  Objection read_field(std::string_view line);
  Objection keep_field(std::string_view name, std::string_view value);
  Objection finish();
  Objection read_framing();
  Objection check_size(std::size_t size) const;
  Progress refuse(Refusal why);

  std::size_t limit_;
  std::size_t line_at_ = 0;  // where the current line begins
  std::size_t seen_ = 0;     // no LF between line_at_ and here
  std::size_t fields_ = 0;
  bool has_request_line_ = false;
  bool is_complete_ = false;
  bool is_http_1_0_ = false;
  std::optional<std::string> content_length_, transfer_encoding_, expect_;
  std::string connection_;  // all of that name, as one list
  RequestHead head_;
  Refusal refusal_;
};

}  // namespace sluice::admin
