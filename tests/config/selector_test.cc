#include "config/selector.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

Selector selector(std::string_view text) {
  SelectorProblem problem;
  const auto found = Selector::parse(text, problem);
  EXPECT_TRUE(found) << text << ": " << problem.text();
  return found.value_or(Selector{});
}

TEST(Selector, HoldsAsInKubernetes) {
  const Labels primary = {{"role", "primary"}, {"zone", "a"}, {"empty", ""}};
  struct Row {
    const char* text;
    bool holds;
  };
  for (const Row& row : {
           Row{"", true},
           Row{"  ", true},
           Row{"role", true},
           Row{"canary", false},
           Row{"!canary", true},
           Row{"!role", false},
           Row{"! canary", true},
           Row{"role=primary", true},
           Row{"role==primary", true},
           Row{"role = primary", true},
           Row{"role=replica", false},
           Row{"role=Primary", false},
           Row{"canary=x", false},
           Row{"canary=", false},
           Row{"empty=", true},
           Row{"empty!=", false},
           Row{"role=", false},
           Row{"role!=replica", true},
           Row{"role!=primary", false},
           Row{"canary!=x", true},
           Row{"zone in (a,b)", true},
           Row{"zone in (b,c)", false},
           Row{"zone in ()", false},
           Row{"empty in ()", true},
           Row{"empty in (x,)", true},
           Row{"canary in (x,)", false},
           Row{"zone notin (a,b)", false},
           Row{"zone notin (b,c)", true},
           Row{"canary notin (x)", true},
           Row{"canary notin ()", true},
           Row{"role=primary,zone in (a,b),!canary", true},
           Row{"role=primary,zone in (b),!canary", false},
           Row{"role=primary,role=replica", false},
           Row{"zone in (a),zone notin (b)", true},
       }) {
    EXPECT_EQ(selector(row.text).matches(primary), row.holds) << row.text;
  }
  EXPECT_TRUE(Selector{}.matches({}));
  EXPECT_TRUE(selector("!a,b!=x,c notin (y)").matches({}));
}

TEST(Selector, IsWrittenInOneWay) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" \t\r\n", ""},
      {"a==b", "a=b"},
      {" a = b ", "a=b"},
      {"a in (b)", "a=b"},
      {"a in(b)", "a=b"},
      {"a notin (b)", "a!=b"},
      {"a in ()", "a="},
      {"a in ( )", "a="},
      {"a notin ()", "a!="},
      {"a in (c, b ,c)", "a in (b,c)"},
      {"a notin (c,,b)", "a notin (,b,c)"},
      {"x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z!="},
      {"b,a,b", "a,b"},
      {"a!=b", "a!=b"},
      {"!a", "!a"},
      {"in in (in,notin)", "in in (in,notin)"},
      {"notin,in", "in,notin"},
      {"!in", "!in"},
      {"in=in", "in=in"},
      {"a=in", "a=in"},
      {"example.com/role=a", "example.com/role=a"},
      {"a=v1.2:3+4@x~/\"'", "a=v1.2:3+4@x~/\"'"},
      {"a=Z\xc3\xbcrich", "a=Z\xc3\xbcrich"},
  };
  for (const auto& [text, canonical] : cases) {
    const Selector read = selector(text);
    EXPECT_EQ(read.text(), canonical) << text;
    EXPECT_EQ(selector(read.text()), read) << text;
    EXPECT_EQ(read.is_empty(), canonical.empty()) << text;
  }
}

TEST(Selector, IsEqualInWhateverWordsAndOrder) {
  EXPECT_EQ(selector("a=1,b in (x,y)"), selector("b in (y,x,x), a==1"));
  EXPECT_NE(selector("a=1"), selector("a!=1"));
  EXPECT_NE(selector("a"), selector("!a"));
  EXPECT_NE(selector("a"), Selector{});
}

TEST(Selector, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string text;
    std::size_t position;
    std::string what;
  };
  const std::vector<Row> table = {
      {",", 0, "expected a label's key, found \",\""},
      {"a,", 2, "expected a label's key, found the end"},
      {"a,,b", 2, "expected a label's key, found \",\""},
      {"=b", 0, "expected a label's key, found \"=\""},
      {"!", 1, "expected a label's key, found the end"},
      {"!!a", 1, "expected a label's key, found \"!\""},
      {"!a=b", 2, "expected \",\" or the end, found \"=\""},
      {"a b", 2, "expected \"=\", \"==\", \"!=\", \"in\", \"notin\" or \",\", found \"b\""},
      {"a ! b", 2, "found \"!\""},
      {"a ! = b", 2, "found \"!\""},
      {"a>1", 1, "found \">\""},
      {"a === b", 4, "expected \",\" or the end, found \"=\""},
      {"a=b c", 4, "expected \",\" or the end, found \"c\""},
      {"a=b=c", 3, "expected \",\" or the end, found \"=\""},
      {"a=(b)", 2, "expected \",\" or the end, found \"(\""},
      {"a in b", 5, "expected \"(\", found \"b\""},
      {"a in", 4, "expected \"(\", found the end"},
      {"a in (b", 7, "expected \",\" or \")\", found the end"},
      {"a in (b c)", 8, "expected \",\" or \")\", found \"c\""},
      {"a in ((b))", 6, "expected \",\" or \")\", found \"(\""},
      {"a in (b) c", 9, "expected \",\" or the end, found \"c\""},
      {"a in (b))", 8, "expected \",\" or the end, found \")\""},
      {"a$=b", 1, "made of letters, digits and _./-"},
      {"a,\xc3\xbc", 2, "made of letters, digits and _./-"},
      {"a=\xff", 2, "not UTF-8"},
      {std::string("a=b\0c", 5), 2, "control characters"},
      {std::string("\0", 1), 0, "made of letters"},
      {std::string(4097, 'a'), 4096, "at most 4096 bytes"},
  };
  for (const Row& row : table) {
    SelectorProblem problem;
    EXPECT_EQ(Selector::parse(row.text, problem), std::nullopt) << row.text;
    EXPECT_EQ(problem.position, row.position) << row.text << ": " << problem.text();
    EXPECT_NE(problem.what.find(row.what), std::string::npos) << row.text << ": " << problem.what;
  }
  EXPECT_EQ((SelectorProblem{6, "expected a value"}.text()), "at byte 7: expected a value");
}

TEST(Selector, HasAtMost64TermsAnd4096Bytes) {
  std::string text = "k0";
  for (int i = 1; i < 64; ++i) text += ",k" + std::to_string(i);
  EXPECT_EQ(selector(text).text().size(), text.size());
  SelectorProblem problem;
  EXPECT_EQ(Selector::parse(text + ",k64", problem), std::nullopt);
  EXPECT_EQ(problem.what, "a selector has at most 64 terms");
  EXPECT_EQ(problem.position, text.size() + 1);

  EXPECT_EQ(selector(std::string(4096, 'a')).text().size(), 4096u);
  EXPECT_EQ(selector("a in (" + std::string(4089, ',') + ")").text(), "a=");
}

TEST(Selector, IsRefusedIfItCouldNotBeReadBackAsItIsWritten) {
  const auto without_a_space = [](std::size_t size) {
    return "a in(b," + std::string(size - 8, 'c') + ")";  // and one with a space when written
  };
  EXPECT_EQ(selector(without_a_space(4095)).text().size(), 4096u);
  SelectorProblem problem;
  EXPECT_EQ(Selector::parse(without_a_space(4096), problem), std::nullopt);
  EXPECT_EQ(problem.text(), "at byte 4097: a selector has at most 4096 bytes");
}

}  // namespace
}  // namespace sluice::config
