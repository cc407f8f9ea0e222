#include "registry/json_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

namespace sluice::registry {
namespace {

std::string written(std::string_view text) {
  JsonText out;
  out.put(text);
  return out.text();
}

// The oracle.
std::string library_written(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

TEST(JsonText, WritesValuesInTheirOrder) {
  JsonText out;
  out.open_object();
  out.add("z", "text");
  out.add("a", std::uint16_t{7});
  out.add("most", std::numeric_limits<std::uint64_t>::max());
  out.add("none", nullptr);
  out.key("list");
  out.open_array();
  out.put("one");
  out.open_object();
  out.close_object();
  out.close_array();
  out.close_object();
  EXPECT_EQ(out.text(),
            R"({"z":"text","a":7,"most":18446744073709551615,"none":null,"list":["one",{}]})");
}

TEST(JsonText, WritesTruthsAndNumbersAsTheLibraryDoes) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (const double number :
       {0.0, -0.0, 1.0, 0.1, -2.5, 1e21, 1e-7, 1.0 / 3, infinite, -infinite}) {
    JsonText out;
    out.put(number);
    EXPECT_EQ(out.text(), nlohmann::json(number).dump());
  }
  JsonText out;
  out.open_array();
  out.put(true);
  out.put(false);
  out.put(std::numeric_limits<double>::quiet_NaN());
  out.close_array();
  EXPECT_EQ(out.text(), "[true,false,null]");
}

TEST(JsonText, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(written("a/b \"c\\d\" \b\f\n\r\t\x01\x1f\x7f"),
            "\"a/b \\\"c\\\\d\\\" \\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
  EXPECT_EQ(written(std::string_view("a\0b", 3)), R"("a\u0000b")");
  EXPECT_EQ(written("caf\u00e9 \U0001F600"), "\"caf\u00e9 \U0001F600\"");
}

TEST(JsonText, EscapesKeysAsWell) {
  JsonText out;
  out.open_object();
  out.add("a\"\x1f", "");
  out.add("b\xff", "");
  out.close_object();
  EXPECT_EQ(out.text(), "{\"a\\\"\\u001f\":\"\",\"b\uFFFD\":\"\"}");
}

TEST(JsonText, ReplacesEachBadSequenceOnce) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"z\xff\xfe!", "\"z\uFFFD\uFFFD!\""},
      {"\xe2\x82", "\"\uFFFD\""},
      {"\xe2\x82z", "\"\uFFFDz\""},
      {"\xc0\xaf", "\"\uFFFD\uFFFD\""},
      {"\xf0\x9f\x98 \xc3", "\"\uFFFD \uFFFD\""},
      {"\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
  };
  for (const auto& c : cases) EXPECT_EQ(written(c.text), c.expected);
}

TEST(JsonText, WritesRandomBytesAsTheLibraryDoes) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random() % 12, ' ');
    const auto kind = random() % 3;  // any byte, ASCII, or what UTF-8 is made of
    for (char& c : text) {
      const auto any = random() % 256;
      c = static_cast<char>(kind == 0 ? any : kind == 1 ? any % 128 : 0x80 | any);
    }
    ASSERT_EQ(written(text), library_written(text)) << i;
  }
}

}  // namespace
}  // namespace sluice::registry
