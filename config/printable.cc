#include "config/printable.h"

#include <cstdint>

#include "config/utf8.h"

namespace sluice::config {
namespace {

constexpr std::size_t kQuotedBytes = 60;

std::uint8_t byte_at(std::string_view text) {
  return static_cast<std::uint8_t>(text[0]);
}

bool is_control(std::uint8_t byte) {
  return byte < 0x20 || byte == 0x7f;
}

std::string hex(std::uint32_t value, std::size_t digits) {
  std::string out(digits, '0');
  for (; digits > 0; value >>= 4) out[--digits] = "0123456789abcdef"[value & 15];
  return out;
}

// C1 controls, the line and paragraph separators, and what turns the direction of text.
bool breaks_a_line(char32_t code) {
  return (code >= 0x80 && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escaped_control(std::uint8_t byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return "\\x" + hex(byte, 2);
  }
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (byte_at(text.substr(i)) < 0x80) {  // most texts are nothing else
      ++i;
      continue;
    }
    const Utf8 next = decode_utf8(text.substr(i));
    if (!next.valid) return i;
    i += next.length;
  }
  return std::string_view::npos;
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8 next = decode_utf8(text);
    if (!next.valid) {
      out += "\\x" + hex(byte_at(text), 2);
    } else if (next.length == 1 && is_control(byte_at(text))) {
      out += escaped_control(byte_at(text));
    } else if (breaks_a_line(next.code)) {
      out += "\\u" + hex(next.code, 4);
    } else {
      out += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  const std::string_view shown = cut_utf8(text, kQuotedBytes);
  return '"' + one_line(shown) + (shown.size() < text.size() ? "...\"" : "\"");
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (is_control(static_cast<std::uint8_t>(c))) return true;
  }
  return false;
}

}  // namespace sluice::config
