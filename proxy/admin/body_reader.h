// The body of a request, by length or in chunks, under a limit. RFC 9112, section 7.1, without what
// nobody sends: a chunk with an extension or a message with trailer fields is refused (400).
//
// Too large is refused (413) at the announcement, of the whole or of the chunk, before the bytes
// come. Memory grows with the bytes that have arrived, never with a number that was announced. No
// I/O; belongs to one connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/admin/refusal.h"
#include "proxy/admin/request_head.h"

namespace sluice::admin {

class BodyReader {
 public:
  BodyReader(const RequestHead& head, std::uint64_t limit);

  // Takes off the front of `input` what belongs to the body. Nothing of what follows the body is
  // touched.
  Progress read(std::string_view& input);

  std::string& body() { return body_; }  // once complete
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Expecting { whole, chunk_size, chunk, chunk_end, last_line };

  Progress read_bytes(std::string_view& input);
  Progress read_chunk_size(std::string_view& input);
  Progress read_line_end(std::string_view& input);
  Progress refuse(int status, std::string message);

  std::uint64_t limit_;
  Expecting expecting_;
  std::uint64_t missing_ = 0;  // bytes of the whole, or of the chunk
  std::string body_;
  Refusal refusal_;
};

}  // namespace sluice::admin
