#include "proxy/log/format.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

#include "config/utf8.h"

namespace sluice::log {

namespace {

constexpr auto kPlainAscii = [] {
  std::array<bool, 256> plain{};
  for (char c = ' '; c <= '~'; ++c) plain[static_cast<unsigned char>(c)] = c != '"' && c != '\\';
  return plain;
}();

std::size_t count_plain(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && kPlainAscii[static_cast<unsigned char>(text[count])]) ++count;
  return count;
}

// `value` in decimal, with zeros in front of it up to `digits`.
void append_padded(std::string& out, std::uint64_t value, std::size_t digits) {
  const fmt::format_int text(value);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out.append(text.data(), text.size());
}

// C0, DEL and C1, which terminals obey; line and paragraph separators, which some tools split at;
// and what turns the direction of the text that follows.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_json_code(std::string& out, char32_t code) {
  switch (code) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code));
  }
}

void append_second(std::string& out, std::int64_t unix_s) {
  using namespace std::chrono;
  const sys_seconds moment{seconds(unix_s)};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss<seconds> time{moment - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count());
}

void append_hex_bytes(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
  }
}

// Hands `value` over piece by piece: runs of plain ASCII whole, and everything else one character
// or one bad byte at a time.
template <class OnPlain, class OnOther>
void for_each_piece(std::string_view value, OnPlain on_plain, OnOther on_other) {
  while (!value.empty()) {
    const std::size_t plain = count_plain(value);
    if (plain > 0) on_plain(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) return;
    const config::Utf8 next = config::decode_utf8(value);
    on_other(value.substr(0, next.length), next);
    value.remove_prefix(next.length);
  }
}

bool needs_quotes(std::string_view value, std::string_view delimiters) {
  bool needed = value.empty();
  for_each_piece(
      value,
      [&](std::string_view run) {
        needed = needed || run.find_first_of(delimiters) != std::string_view::npos;
      },
      [&](std::string_view, const config::Utf8& next) {
        needed = needed || !next.valid || is_control(next.code) || next.code < 0x80;
      });
  return needed;
}

void append_quoted_text(std::string& out, std::string_view value) {
  out += '"';
  for_each_piece(
      value, [&](std::string_view run) { out += run; },
      [&](std::string_view bytes, const config::Utf8& next) {
        if (!next.valid || is_control(next.code)) return append_hex_bytes(out, bytes);
        if (next.code < 0x80) out += '\\';  // a quote or a backslash
        out += bytes;
      });
  out += '"';
}

void append_text(std::string& out, std::string_view value, std::string_view delimiters) {
  if (needs_quotes(value, delimiters)) {
    append_quoted_text(out, value);
  } else {
    out += value;
  }
}

}  // namespace

std::string_view word(config::LogLevel level) {
  constexpr std::array<std::string_view, 6> kWords = {"trace", "debug", "info",
                                                      "warn",  "error", "off"};
  return kWords[static_cast<std::size_t>(level)];
}

void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  for_each_piece(
      value, [&](std::string_view run) { out += run; },
      [&](std::string_view bytes, const config::Utf8& next) {
        if (!next.valid) {
          out += "\xEF\xBF\xBD";
        } else if (next.code < 0x80 || is_control(next.code)) {
          append_json_code(out, next.code);
        } else {
          out += bytes;
        }
      });
  out += '"';
}

void append_text_value(std::string& out, std::string_view value) {
  append_text(out, value, " =");
}

void append_text_message(std::string& out, std::string_view message) {
  append_text(out, message, "=");
}

void Clockface::append(std::string& out, std::int64_t unix_ms) {
  const auto moment = std::chrono::milliseconds(unix_ms);
  const auto second = std::chrono::floor<std::chrono::seconds>(moment);
  if (text_.empty() || second.count() != second_) {
    second_ = second.count();
    text_.clear();
    append_second(text_, second_);
  }
  out += text_;
  out += '.';
  append_padded(out, static_cast<std::uint64_t>((moment - second).count()), 3);
  out += 'Z';
}

void append_milliseconds(std::string& out, std::uint64_t us) {
  append_padded(out, us / 1000, 1);
  out += '.';
  append_padded(out, us % 1000, 3);
}

}  // namespace sluice::log
