// How a value is written into a line of the log, whatever bytes it holds: nothing that is appended
// here contains a newline or any other control character. Functions are pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"

namespace sluice::log {

std::string_view word(config::LogLevel level);  // "trace", "debug", "info", "warn", "error", "off"

// A JSON string with its quotes (RFC 8259, section 7). Quotes, backslashes and control characters
// (C0, DEL, C1, line separators, overrides of the direction of text) become \uHHHH or the short
// forms; a byte that is no valid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view value);

// A value of the text format: bare if it is one plain word, else in quotes, with \" and \\, and
// with \xNN for each byte of a control character or of what is no valid UTF-8.
void append_text_value(std::string& out, std::string_view value);

// A message of the text format: as a value, but spaces alone do not put it into quotes.
void append_text_message(std::string& out, std::string_view message);

// RFC 3339 in UTC with milliseconds: 2026-01-02T03:04:05.678Z. Keeps the text of the second, which
// many lines have in common. One thread. Requires: a year from 0 to 9999.
class Clockface {
 public:
  void append(std::string& out, std::int64_t unix_ms);

 private:
  std::int64_t second_ = 0;
  std::string text_;
};

// Microseconds as milliseconds with three decimals: 1234567 is "1234.567".
void append_milliseconds(std::string& out, std::uint64_t us);

}  // namespace sluice::log
