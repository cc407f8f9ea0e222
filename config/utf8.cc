#include "config/utf8.h"

namespace sluice::config {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_continuation(unsigned byte) {
  return (byte & 0xC0U) == 0x80U;
}

// What a lead byte says: the length of its sequence, and the least code point that needs this
// length.
struct Lead {
  std::size_t length = 0;  // 0: begins no sequence
  char32_t bits = 0;
  char32_t least = 0;
};

Lead read_lead(unsigned byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte < 0xC0) return {};
  if (byte < 0xE0) return {2, byte & 0x1FU, 0x80};
  if (byte < 0xF0) return {3, byte & 0x0FU, 0x800};
  if (byte < 0xF8) return {4, byte & 0x07U, 0x10000};
  return {};
}

bool is_scalar(char32_t code) {
  return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

}  // namespace

Utf8 decode_utf8(std::string_view text) {
  constexpr Utf8 kBad{0xFFFD, 1, false};
  const Lead lead = read_lead(byte_at(text, 0));
  if (lead.length == 0 || lead.length > text.size()) return kBad;
  char32_t code = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (!is_continuation(byte_at(text, i))) return kBad;
    code = (code << 6) | (byte_at(text, i) & 0x3FU);
  }
  if (code < lead.least || !is_scalar(code)) return kBad;
  return {code, lead.length, true};
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8 next = decode_utf8(text);
    out += next.valid ? text.substr(0, next.length) : kReplacement;
    text.remove_prefix(next.length);
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && limit - end < 3 && is_continuation(byte_at(text, end))) --end;
  // Bytes that were no sequence to begin with may be cut anywhere.
  if (is_continuation(byte_at(text, end))) end = limit;
  return text.substr(0, end);
}

}  // namespace sluice::config
