// UTF-8 as The Unicode Standard, table 3-7, has it: no overlong forms, no surrogates, nothing above
// U+10FFFF. For texts that come from outside and go into JSON, a log or a metric's label. Pure
// functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

struct Utf8 {
  char32_t code = 0;       // U+FFFD when not valid
  std::size_t length = 1;  // bytes to step over; 1 for a byte that begins no valid sequence
  bool valid = false;
};

// Reads the sequence that `text` begins with. Requires: text is not empty.
Utf8 decode_utf8(std::string_view text);

// `text` with U+FFFD in place of each byte that is no part of a valid sequence.
std::string valid_utf8(std::string_view text);

// The first `limit` bytes of `text`, or up to three fewer so as not to end inside a sequence.
std::string_view cut_utf8(std::string_view text, std::size_t limit);

}  // namespace sluice::config
