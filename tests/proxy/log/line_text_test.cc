#include "proxy/log/line_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "config/utf8.h"

namespace sluice::log {
namespace {

using config::LogFormat;
using config::LogLevel;
using nlohmann::json;

constexpr std::int64_t kMoment = 1767323045678;  // 2026-01-02T03:04:05.678Z

std::string random_bytes(std::mt19937& random) {
  // Short ones more often, and letters among the bytes: bad sequences need good neighbours.
  std::string bytes(random() % (random() % 8 == 0 ? 1500 : 40), '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random() % 3 == 0 ? 'a' + random() % 26 : random() % 256);
  }
  return bytes;
}

// What a reader of the text format makes of a value.
std::string unquoted(std::string value) {
  if (value.empty() || value.front() != '"') return value;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] != '\\') {
      out += value[i];
    } else if (value[++i] == 'x') {
      out += static_cast<char>(std::stoi(value.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += value[i];
    }
  }
  return out;
}

bool has_control_byte(std::string_view line) {
  return std::ranges::any_of(line, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

void add_one_of_each(LineText& line) {
  line.add("service", "pg");
  line.add("detail", "say \"hi\"");
  line.add_unsigned("bytes_up", std::numeric_limits<std::uint64_t>::max());
  line.add_signed("delta", std::numeric_limits<std::int64_t>::min());
  line.add_bool("spliced", true);
  line.add_bool("retried", false);
  line.add_ms("duration_ms", 1234567);
}

TEST(LineText, WritesJson) {
  LineText line;
  line.begin(LogFormat::json, kMoment, LogLevel::info, "session");
  add_one_of_each(line);
  EXPECT_EQ(line.end(),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"session","service":"pg",)"
            R"("detail":"say \"hi\"","bytes_up":18446744073709551615,)"
            R"("delta":-9223372036854775808,"spliced":true,"retried":false,)"
            R"("duration_ms":1234.567})");
}

TEST(LineText, WritesText) {
  LineText line;
  line.begin(LogFormat::text, kMoment, LogLevel::warn, "instance down");
  add_one_of_each(line);
  EXPECT_EQ(line.end(),
            R"(2026-01-02T03:04:05.678Z warn instance down service=pg detail="say \"hi\"" )"
            R"(bytes_up=18446744073709551615 delta=-9223372036854775808 spliced=true )"
            R"(retried=false duration_ms=1234.567)");
}

TEST(LineText, BeginsAnewInTheSameBuffer) {
  LineText line;
  line.begin(LogFormat::text, kMoment, LogLevel::error, std::string(3000, 'x'));
  ASSERT_TRUE(line.end().ends_with(" cut=true"));
  line.begin(LogFormat::json, kMoment, LogLevel::debug, "next");
  EXPECT_EQ(line.end(), R"({"time":"2026-01-02T03:04:05.678Z","level":"debug","msg":"next"})");
}

TEST(LineText, CutsALongValueBetweenCharactersAndSaysSo) {
  std::string value(1022, 'x');
  LineText line;
  line.begin(LogFormat::json, kMoment, LogLevel::info, "long");
  line.add("value", value + "\u20ac and more");
  line.add("after", "whole");
  const json read = json::parse(line.end());
  EXPECT_EQ(read["value"], value);
  EXPECT_EQ(read["after"], "whole");
  EXPECT_EQ(read["cut"], true);
}

TEST(LineText, LeavesOutFieldsThatWouldMakeTheLineTooLong) {
  for (const char byte : {'x', '"', '\n'}) {
    const std::string value(LineText::kValueBytes, byte);
    for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
      LineText line;
      line.begin(format, kMoment, LogLevel::info, value);
      for (int i = 0; i < 50; ++i) line.add("key" + std::to_string(i), value);
      line.add_unsigned("last", 1);
      const std::string_view whole = line.end();
      EXPECT_LE(whole.size(), LineText::kLineBytes);
      EXPECT_GT(whole.size(), LineText::kLineBytes / 2);
      if (format == LogFormat::text) {
        EXPECT_TRUE(whole.ends_with(" cut=true"));
        continue;
      }
      const json read = json::parse(whole);
      EXPECT_EQ(read["key0"], value);
      EXPECT_EQ(read["last"], 1) << "a short field still fits";
      EXPECT_EQ(read["cut"], true);
      EXPECT_FALSE(read.contains("key49"));
    }
  }
}

TEST(LineText, IsNeverLongerThanItsLimitWhateverFillsIt) {
  for (std::size_t rest = 0; rest < 64; ++rest) {
    LineText line;
    line.begin(LogFormat::json, kMoment, LogLevel::info, "full");
    for (int i = 0; i < 15; ++i) line.add("key", std::string(LineText::kValueBytes, 'x'));
    line.add("rest", std::string(700 + rest * 4, 'x'));
    line.add("over", std::string(LineText::kValueBytes, 'x'));
    EXPECT_LE(line.end().size(), LineText::kLineBytes);
  }
}

TEST(LineText, HoldsRandomBytesAsJsonThatAnybodyCanRead) {
  std::mt19937 random(20260102);
  LineText line;
  for (int i = 0; i < 2'000; ++i) {
    const std::string message = random_bytes(random);
    const std::string key = "key " + random_bytes(random);
    const std::string value = random_bytes(random);
    line.begin(LogFormat::json, kMoment, LogLevel::info, message);
    line.add(key, value);
    const std::string whole(line.end());
    ASSERT_FALSE(has_control_byte(whole)) << whole;
    const json read = json::parse(whole);
    const auto expected = [](const std::string& bytes) {
      return config::valid_utf8(config::cut_utf8(bytes, LineText::kValueBytes));
    };
    ASSERT_EQ(read["msg"], expected(message));
    ASSERT_EQ(read[expected(key)], expected(value));
  }
}

TEST(LineText, HoldsRandomBytesAsTextWithoutLosingOne) {
  std::mt19937 random(20260103);
  const std::string head = "2026-01-02T03:04:05.678Z info message value=";
  LineText line;
  for (int i = 0; i < 2'000; ++i) {
    const std::string value = random_bytes(random).substr(0, LineText::kValueBytes);
    line.begin(LogFormat::text, kMoment, LogLevel::info, "message");
    line.add("value", value);
    const std::string whole(line.end());
    ASSERT_FALSE(has_control_byte(whole)) << whole;
    ASSERT_TRUE(whole.starts_with(head)) << whole;
    ASSERT_EQ(unquoted(whole.substr(head.size())), value);
  }
}

}  // namespace
}  // namespace sluice::log
