#include "config/printable.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load.h"

namespace sluice::config {
namespace {

TEST(OneLine, EscapesWhatBreaksALineAndKeepsTheRest) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain", "plain"},
      {"a\nb\rc\td", "a\\nb\\rc\\td"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
      {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
       "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xff\xc3(", "\\xff\\xc3("},
      {"\xc0\xaf", "\\xc0\\xaf"},                      // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},             // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},    // above U+10FFFF
      {"a\xe2\x82", "a\\xe2\\x82"},                    // cut short
      {"\xc2\x85", "\\u0085"},                         // next line
      {"\xe2\x80\xa8\xe2\x80\xae", "\\u2028\\u202e"},  // a line separator, a direction override
  };
  for (const auto& [text, line] : cases) EXPECT_EQ(one_line(text), line);
}

TEST(OneLine, HoldsForEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string line = one_line(all);
  EXPECT_FALSE(has_control(line));
  EXPECT_EQ(find_invalid_utf8(line), std::string::npos);
}

TEST(Quoted, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(in_quotes(std::string(60, 'a')), '"' + std::string(60, 'a') + '"');
  EXPECT_EQ(in_quotes(std::string(61, 'a')), '"' + std::string(60, 'a') + "...\"");
  EXPECT_EQ(in_quotes(std::string(59, 'a') + "\xc3\xbc" + "b"),
            '"' + std::string(59, 'a') + "...\"");
}

TEST(Utf8, IsFoundInvalidAtItsFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("abc \xc3\xbc"), std::string::npos);
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2u);
  EXPECT_EQ(find_invalid_utf8("ab\xc3"), 2u);
}

TEST(ProblemText, IsOneLineWhateverItHolds) {
  const Problem problem{Severity::error, "a\nb.yaml", 3, 7, "x.\x1b[0m", "bad \xff\r\n"};
  EXPECT_EQ(problem.text(), "a\\nb.yaml:3:7: x.\\x1b[0m: error: bad \\xff\\r\\n");
}

TEST(ProblemText, LeavesOutWhatThereIsNot) {
  const Problem problem{Severity::warning, "f", 0, 0, "", "odd"};
  EXPECT_EQ(problem.text(), "f: warning: odd");
}

}  // namespace
}  // namespace sluice::config
