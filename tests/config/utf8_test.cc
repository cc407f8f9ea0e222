#include "config/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::config {
namespace {

using namespace std::string_literals;

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, ReplacesEachByteThatIsNoPartOfAValidSequence) {
  struct Case {
    const char* situation;
    std::string text;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"nothing", "", ""},
      {"ASCII with a NUL", "a\0b"s, "a\0b"s},
      {"two, three and four bytes", "\u00e9\u20ac\U0001F600", "\u00e9\u20ac\U0001F600"},
      {"the first and last of each length", "\u0080\u07ff\u0800\uffff\U00010000\U0010FFFF",
       "\u0080\u07ff\u0800\uffff\U00010000\U0010FFFF"},
      {"a lone continuation byte", "a\x80z", "a" + kReplacement + "z"},
      {"a sequence that ends too early", "\xE2\x82", kReplacement + kReplacement},
      {"a sequence broken by ASCII", "\xE2\x82z", kReplacement + kReplacement + "z"},
      {"an overlong slash", "\xC0\xAF", kReplacement + kReplacement},
      {"an overlong three-byte form", "\xE0\x80\xAF", kReplacement + kReplacement + kReplacement},
      {"a surrogate", "\xED\xA0\x80", kReplacement + kReplacement + kReplacement},
      {"above U+10FFFF", "\xF4\x90\x80\x80",
       kReplacement + kReplacement + kReplacement + kReplacement},
      {"bytes that no UTF-8 holds", "\xFE\xFF", kReplacement + kReplacement},
  };
  for (const Case& c : cases) EXPECT_EQ(valid_utf8(c.text), c.expected) << c.situation;
}

TEST(Utf8, CutsBetweenSequences) {
  struct Case {
    const char* situation;
    std::string text;
    std::size_t limit;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"shorter than the limit", "abc", 4, "abc"},
      {"as long as the limit", "abcd", 4, "abcd"},
      {"ASCII", "abcde", 4, "abcd"},
      {"the limit between two sequences", "\u20ac\u20ac", 3, "\u20ac"},
      {"the limit inside a sequence", "\u20ac\u20ac", 5, "\u20ac"},
      {"the limit inside the first sequence", "\U0001F600", 3, ""},
      {"nothing but continuation bytes", "\x80\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80\x80"},
  };
  for (const Case& c : cases) EXPECT_EQ(cut_utf8(c.text, c.limit), c.expected) << c.situation;
}

}  // namespace
}  // namespace sluice::config
