#include "config/frozen.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

TEST(Frozen, IsAPointerThatReadsLikeTheValue) {
  EXPECT_EQ(sizeof(Text), sizeof(void*));
  const Text text = "disk swap";
  EXPECT_EQ(text, "disk swap");
  EXPECT_EQ(text->size(), 9u);
  const std::string& read = text;
  EXPECT_EQ(read, "disk swap");
  EXPECT_LT(text, Text("rack 12"));
}

TEST(Frozen, HoldsNothingForTheEmptyValue) {
  for (const Text& text : {Text(), Text(""), Text(std::string())}) {
    EXPECT_TRUE(text.empty());
    EXPECT_EQ(text.holders(), 0u);
    EXPECT_EQ(*text, "");
    EXPECT_EQ(text, Text());
  }
  EXPECT_TRUE((Frozen<std::map<int, int>>(std::map<int, int>{}).empty()));
}

TEST(Frozen, IsSharedByItsCopiesAndByNobodyElse) {
  Text text = "a";
  const Text same = text;
  EXPECT_EQ(&*same, &*text);
  EXPECT_EQ(text.holders(), 2u);
  const Text equal = "a";
  EXPECT_NE(&*equal, &*text);
  EXPECT_EQ(equal, text);
  const Text moved = std::move(text);
  EXPECT_EQ(same.holders(), 2u);
  text = "b";
  EXPECT_EQ(same, "a");
  text.clear();
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace sluice::config
