#include "proxy/health/body_search.h"

#include <gtest/gtest.h>

namespace sluice::health {
namespace {

TEST(BodySearch, FindsAMatchHoweverTheBodyIsCut) {
  const std::string body = "aab aaab aaaab";
  for (const std::string_view text : {"aaaab", "b", "aab aaab aaaab", "a", "ab aaa"}) {
    for (std::size_t first = 0; first <= body.size(); ++first) {
      for (std::size_t second = first; second <= body.size(); ++second) {
        BodySearch search(text);
        search.take(std::string_view(body).substr(0, first));
        search.take(std::string_view(body).substr(first, second - first));
        search.take(std::string_view(body).substr(second));
        EXPECT_TRUE(search.found()) << text << " cut at " << first << " and " << second;
      }
    }
  }
}

TEST(BodySearch, FindsAMatchThatComesByteByByte) {
  BodySearch search("status: ok");
  for (const char byte : std::string("{status: o, status: ok}")) search.take({&byte, 1});
  EXPECT_TRUE(search.found());
}

TEST(BodySearch, DoesNotFindWhatIsNotThere) {
  BodySearch search("ok");
  search.take("o");
  search.take("-k");
  search.take("O");
  search.take("K");
  EXPECT_FALSE(search.found());
}

TEST(BodySearch, NoTextIsFoundInAnyBodyAndInNone) {
  BodySearch search("");
  EXPECT_TRUE(search.found());
  search.take("whatever");
  EXPECT_TRUE(search.found());
}

TEST(BodySearch, LooksAtTheFirst64KiBAndNoFurther) {
  struct Case {
    std::size_t before;
    bool is_found;
  };
  for (const Case& each : {Case{0, true}, Case{BodySearch::kLimit - 4, true},
                           Case{BodySearch::kLimit - 3, false}, Case{BodySearch::kLimit, false}}) {
    BodySearch whole("text");
    whole.take(std::string(each.before, '.') + "text and more");
    EXPECT_EQ(whole.found(), each.is_found) << each.before;

    BodySearch in_two("text");
    in_two.take(std::string(each.before, '.'));
    in_two.take("text and more");
    EXPECT_EQ(in_two.found(), each.is_found) << each.before;
  }
}

TEST(BodySearch, IsFullOnceTheLimitHasBeenSeen) {
  BodySearch search("text");
  search.take(std::string(BodySearch::kLimit - 1, '.'));
  EXPECT_FALSE(search.is_full());
  search.take("..");
  EXPECT_TRUE(search.is_full());
  search.take("text");
  EXPECT_FALSE(search.found());
}

}  // namespace
}  // namespace sluice::health
