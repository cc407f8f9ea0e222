#include "proxy/log/format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace sluice::log {
namespace {

using namespace std::string_literals;

struct Escaped {
  std::string value;
  std::string expected;
};

std::string as_json(const std::string& value) {
  std::string out;
  append_json_string(out, value);
  return out;
}

std::string text(const std::string& value) {
  std::string out;
  append_text_value(out, value);
  return out;
}

TEST(LogFormat, WritesJsonStringsOfAnyBytes) {
  const std::vector<Escaped> cases = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"two words", R"("two words")"},
      {R"(say "hi" \o/)", R"("say \"hi\" \\o/")"},
      {"a\nb\rc\td", R"("a\nb\rc\td")"},
      {"\0\x01\x1b[31m\x7f"s, R"("\u0000\u0001\u001b[31m\u007f")"},
      {"caf\u00e9 \u20ac \U0001F600", "\"caf\u00e9 \u20ac \U0001F600\""},
      {"C1 \u0085\u009b", R"("C1 \u0085\u009b")"},
      {"lines\u2028and\u2029paragraphs", R"("lines\u2028and\u2029paragraphs")"},
      {"turned \u202eround\u2066", R"("turned \u202eround\u2066")"},
      {"bad \xff\xc0\xaf", "\"bad \uFFFD\uFFFD\uFFFD\""},
  };
  for (const Escaped& c : cases) EXPECT_EQ(as_json(c.value), c.expected);
}

TEST(LogFormat, QuotesTextValuesOnlyWhereNeeded) {
  const std::vector<Escaped> cases = {
      {"plain", "plain"},
      {"10.0.0.1:5432", "10.0.0.1:5432"},
      {"[::1]:80", "[::1]:80"},
      {"caf\u00e9", "caf\u00e9"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(a"b)", R"("a\"b")"},
      {R"(a\b)", R"("a\\b")"},
      {"a\nb", R"("a\x0ab")"},
      {"\0\x1b"s, R"("\x00\x1b")"},
      {"\u009b", R"("\xc2\x9b")"},
      {"\u2028", R"("\xe2\x80\xa8")"},
      {"\xff caf\u00e9", "\"\\xff caf\u00e9\""},
  };
  for (const Escaped& c : cases) EXPECT_EQ(text(c.value), c.expected);
}

TEST(LogFormat, LeavesSpacesOfAMessageBare) {
  const std::vector<Escaped> cases = {
      {"session", "session"},
      {"log lines dropped", "log lines dropped"},
      {"sneaky key=value", R"("sneaky key=value")"},
      {"two\nlines", R"("two\x0alines")"},
      {"", R"("")"},
  };
  for (const Escaped& c : cases) {
    std::string out;
    append_text_message(out, c.value);
    EXPECT_EQ(out, c.expected);
  }
}

TEST(LogFormat, WritesTimesAsRfc3339InUtc) {
  struct Moment {
    std::int64_t unix_ms;
    std::string expected;
  };
  const std::vector<Moment> moments = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {1767323045678, "2026-01-02T03:04:05.678Z"},
      {1767323045005, "2026-01-02T03:04:05.005Z"},
      {1767323046000, "2026-01-02T03:04:06.000Z"},
      {1767323045999, "2026-01-02T03:04:05.999Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {253402300799999, "9999-12-31T23:59:59.999Z"},
  };
  Clockface clock;
  for (const Moment& m : moments) {
    std::string out;
    clock.append(out, m.unix_ms);
    EXPECT_EQ(out, m.expected);
  }
}

TEST(LogFormat, WritesMicrosecondsAsMilliseconds) {
  struct Span {
    std::uint64_t us;
    std::string expected;
  };
  const std::vector<Span> spans = {
      {0, "0.000"},
      {7, "0.007"},
      {1'234'567, "1234.567"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551.615"},
  };
  for (const Span& s : spans) {
    std::string out;
    append_milliseconds(out, s.us);
    EXPECT_EQ(out, s.expected);
  }
}

TEST(LogFormat, NamesEveryLevel) {
  using config::LogLevel;
  EXPECT_EQ(word(LogLevel::trace), "trace");
  EXPECT_EQ(word(LogLevel::debug), "debug");
  EXPECT_EQ(word(LogLevel::info), "info");
  EXPECT_EQ(word(LogLevel::warn), "warn");
  EXPECT_EQ(word(LogLevel::error), "error");
  EXPECT_EQ(word(LogLevel::off), "off");
}

}  // namespace
}  // namespace sluice::log
