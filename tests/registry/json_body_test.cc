#include "registry/json_body.h"

#include <gtest/gtest.h>

#include <string>

#include "config/printable.h"

namespace sluice::registry {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonBody, IsReadWhenItIsPlain) {
  std::string why;
  for (const std::string& text :
       {std::string("{}"), std::string(R"({"a":{"k":1},"b":{"k":2},"c":[{"k":1},{"k":1}]})"),
        std::string("1e308"), std::string(R"("\ud83d\ude00")"), nested(kMaxJsonDepth)}) {
    EXPECT_TRUE(read_json(text, why)) << text << ": " << why;
  }
  EXPECT_EQ(read_json(R"({"dry_run":true})", why)->at("dry_run"), true);
}

TEST(JsonBody, IsRefusedWhenItIsNot) {
  const struct {
    const char* name;
    std::string text;
  } cases[] = {
      {"empty", ""},
      {"two values", "{}{}"},
      {"comment", "{}//"},
      {"trailing comma", "[1,]"},
      {"one level too deep", nested(kMaxJsonDepth + 1)},
      {"100 000 levels", nested(100'000)},
      {"100 000 levels, not closed", std::string(100'000, '[')},
      {"a key twice", R"({"a":1,"a":2})"},
      {"a key twice, below", R"([{"b":{"a":1,"x":{},"a":2}}])"},
      {"a key twice, one escaped", R"({"a":1,"\u0061":2})"},
      {"number too large", "1e999"},
      {"lone surrogate", R"("\ud800")"},
      {"NaN", "NaN"},
      {"no UTF-8", "\"\xff\""},
      {"NUL", std::string("{}\0", 3)},
  };
  for (const auto& c : cases) {
    std::string why;
    EXPECT_FALSE(read_json(c.text, why)) << c.name;
    EXPECT_NE(why, "") << c.name;
  }
}

TEST(JsonBody, IsRefusedOnOneShortLineHoweverLongItIs) {
  for (const std::string& text :
       {"\"" + std::string(100'000, 'x') + "\n\"", "\"" + std::string(100'000, '\xff'),
        std::string(5'000, '1') + "x"}) {
    std::string why;
    EXPECT_FALSE(read_json(text, why));
    EXPECT_LT(why.size(), 1000u);
    EXPECT_FALSE(config::has_control(why)) << why;
    EXPECT_EQ(config::find_invalid_utf8(why), std::string::npos) << why;
  }
}

}  // namespace
}  // namespace sluice::registry
