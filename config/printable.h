// Text from outside, made fit for one line of a terminal or a log. Pure; safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

// The offset of the first byte that is not UTF-8; npos: all of it is.
std::size_t find_invalid_utf8(std::string_view text);

// Control characters, line separators and bidirectional overrides become "\n", "\x1b" or "\u202e",
// bytes that are not UTF-8 "\xff"; the rest stays.
std::string one_line(std::string_view text);

// The text in double quotes, on one line, cut to its first 60 bytes or so.
std::string in_quotes(std::string_view text);

// Whether it holds a control character, DEL included.
bool has_control(std::string_view text);

}  // namespace sluice::config
