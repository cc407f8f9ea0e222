#include "config/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::config {
namespace {

using Words = std::vector<std::string_view>;

TEST(Nearest, TakesTheFewestEdits) {
  const Words keys = {"interval", "fast_interval", "timeout", "rise", "fall"};
  EXPECT_EQ(nearest("intervall", keys), "interval");
  EXPECT_EQ(nearest("fastinterval", keys), "fast_interval");
  EXPECT_EQ(nearest("timeuot", keys), "timeout");
  EXPECT_EQ(nearest("rise", keys), "rise");
  EXPECT_EQ(nearest("", keys), "rise");
}

TEST(Nearest, CountsASwapOfNeighboursAsOneEdit) {
  EXPECT_EQ(nearest("ab", Words{"xb", "ba"}), "xb") << "the earlier one of equals";
  EXPECT_EQ(nearest("abcd", Words{"xbcy", "bacd"}), "bacd");
}

TEST(Nearest, IsNobodyAmongNobody) {
  EXPECT_EQ(nearest("a", {}), "");
}

TEST(Nearest, TakesWordsOfAnyLength) {
  const std::string long_word(100'000, 'a');
  EXPECT_EQ(nearest(long_word, Words{"b", "aaaa"}), "aaaa");
}

TEST(Listed, JoinsWords) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed(Words{"a", "b"}), "a, b");
}

}  // namespace
}  // namespace sluice::config
