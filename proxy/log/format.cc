#include "proxy/log/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include "config/utf8.h"

namespace sluice::log {

namespace {

// A function object rather than a function: searches for it are inlined.
constexpr auto kIsPlainAscii = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };

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
    const auto end = std::find_if_not(value.begin(), value.end(), kIsPlainAscii);
    const auto plain = static_cast<std::size_t>(end - value.begin());
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

void append_time(std::string& out, std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(unix_ms)};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> time{moment - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count(), time.subseconds().count());
}

void append_milliseconds(std::string& out, std::uint64_t us) {
  fmt::format_to(std::back_inserter(out), "{}.{:03}", us / 1000, us % 1000);
}

}  // namespace sluice::log
