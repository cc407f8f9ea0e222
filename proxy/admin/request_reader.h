// Bytes to a request: Boost.Beast's parser, under looks at what it would let through.
//
// Beast reads lines, fields, lengths and chunks. We take RFC 9112 strictly: what could be read in
// two ways is refused. So beside what Beast refuses there is no folded line, no field twice that
// means something to us (but Connection), no list of lengths, no coding but "chunked", and that in
// HTTP/1.1 alone, no chunk extension, no trailer field, no chunk size over 16 digits. HTTP/1.1 and
// 1.0 only (505), known methods only (501), to a path (request_target.h); a GET or HEAD carries no
// body.
//
// Beast is shown what is whole and has been looked at: the request line, all fields at once, each
// chunk's line. Left to wait for the rest by itself, it keeps bytes without a limit or with another
// one, and refuses at other places, depending on how the bytes were cut on their way.
//
// A value without I/O; belongs to one connection and one request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/admin/refusal.h"
#include "proxy/admin/request_head.h"

namespace sluice::admin {

inline constexpr std::size_t kMaxFields = 64;

class RequestReader {
 public:
  // Limits in bytes. Over `head_limit` is 431, or 414 while it is the target's fault. A body over
  // `body_limit` is refused (413) at the announcement, of the whole or of the chunk. Memory grows
  // with the bytes that have arrived, never with a number that was announced.
  RequestReader(std::size_t head_limit, std::uint64_t body_limit);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Each takes off the front of `input` what it is done with and nothing beyond its part; what it
  // leaves is to be shown again, with more behind it. Requires: nothing was refused before.
  Progress read_head(std::string_view& input);  // all or nothing
  Progress read_body(std::string_view& input);  // once the head is complete

  RequestHead& head();  // once it is complete
  std::string& body();  // likewise
  const Refusal& refusal() const { return refusal_; }

 private:
  class Parser;

  Progress refuse(Refusal why);
  Objection check_size(std::size_t size) const;
  Progress find_chunk_line(std::string_view input, std::size_t& size);

  const std::size_t head_limit_;
  std::size_t line_at_ = 0;       // where the current line of the head begins
  std::size_t seen_ = 0;          // no LF between line_at_ and here
  std::size_t request_line_ = 0;  // its size, once it has been parsed
  std::unique_ptr<Parser> parser_;
  Refusal refusal_;
};

}  // namespace sluice::admin
