#include "registry/access/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::access {
namespace {

TEST(Glob, MatchesTheWholeName) {
  struct Row {
    const char* glob;
    const char* name;
    bool matches;
  };
  for (const Row& row : {
           Row{"*", "", true},
           Row{"*", "web", true},
           Row{"web", "web", true},
           Row{"web", "webs", false},
           Row{"web", "we", false},
           Row{"web", "Web", false},
           Row{"", "", true},
           Row{"", "web", false},
           Row{"web-*", "web-", true},
           Row{"web-*", "web-a", true},
           Row{"web-*", "web", false},
           Row{"web-*", "my-web-a", false},
           Row{"*-db", "pg-db", true},
           Row{"*-db", "pg-db-1", false},
           Row{"*-db", "x-db-db", true},
           Row{"pg-?", "pg-1", true},
           Row{"pg-?", "pg-", false},
           Row{"pg-?", "pg-12", false},
           Row{"?*", "", false},
           Row{"?*", "a", true},
           Row{"*?", "a", true},
           Row{"a*b*c", "axxbyybzc", true},
           Row{"a*b*c", "axxbyyb", false},
           Row{"**", "a", true},
           Row{"a**", "a", true},
           Row{"*a*", "bab", true},
           Row{"[ab]", "a", false},
           Row{"*.*", "a.b.c", true},
       }) {
    EXPECT_EQ(matches_glob(row.glob, row.name), row.matches) << row.glob << " on " << row.name;
  }
}

TEST(Glob, TakesNoLongForManyStars) {
  std::string glob;
  for (int i = 0; i < 100; ++i) glob += "*a";
  EXPECT_FALSE(matches_glob(glob + "b", std::string(250, 'a')));
  EXPECT_TRUE(matches_glob(glob, std::string(250, 'a')));
}

TEST(Glob, IsMadeOfWhatNamesAreMadeOf) {
  for (const char* const text : {"*", "web-*", "pg?", "a.b:c@d+e~f_G9"}) {
    EXPECT_TRUE(is_glob(text)) << text;
  }
  for (const std::string& text :
       {std::string(), std::string("a,b"), std::string("a b"), std::string("[ab]"),
        std::string("a\\*"), std::string("a/b"), std::string("!a"), std::string("\xc3\xbc"),
        std::string("a\0b", 3), std::string(254, 'a')}) {
    EXPECT_FALSE(is_glob(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::access
