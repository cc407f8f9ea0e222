#include "registry/access/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/process.h"

namespace sluice::access {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// SHA-256 of "secret", of "other" and of "abc".
const std::string kSecretHash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
const std::string kOtherHash = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
const std::string kAbcHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Tokens tokens(const std::string& text) {
  std::vector<TokenProblem> problems;
  auto found = Tokens::parse(text, problems);
  for (const TokenProblem& problem : problems) ADD_FAILURE() << problem.text();
  return found.value_or(Tokens{});
}

std::vector<std::string> problems_of(const std::string& text) {
  std::vector<TokenProblem> problems;
  EXPECT_FALSE(Tokens::parse(text, problems)) << text;
  std::vector<std::string> texts;
  for (const TokenProblem& problem : problems) texts.push_back(problem.text());
  return texts;
}

TEST(Tokens, AreOnePerLine) {
  const Tokens file = tokens(
      "# who may do what\n"
      "\n"
      "deploy register web-*,api-? sha256:" +
      kSecretHash +
      "\n"
      "  ops\tadmin   *\t\tsha256:" +
      kOtherHash +
      "   # until spring\r\n"
      "graph read * sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
  EXPECT_EQ(file.size(), 3u);

  const Token* deploy = file.find("secret");
  ASSERT_NE(deploy, nullptr);
  EXPECT_EQ(deploy->name, "deploy");
  EXPECT_EQ(deploy->permission, Permission::register_instances);
  EXPECT_THAT(deploy->services, ElementsAre("web-*", "api-?"));
  ASSERT_NE(file.find("other"), nullptr);
  EXPECT_EQ(file.find("other")->name, "ops");
  ASSERT_NE(file.find("abc"), nullptr);
  EXPECT_EQ(file.find("abc")->permission, Permission::read);
}

TEST(Tokens, AreFoundByTheWholeSecretAlone) {
  const Tokens file = tokens("a admin * sha256:" + kSecretHash + "\n");
  for (const std::string& wrong :
       {std::string(), std::string("secre"), std::string("secrets"), std::string("Secret"),
        std::string("secret\0", 7), std::string("\0secret", 7), std::string(" secret"), kSecretHash,
        "sha256:" + kSecretHash, std::string(512, 'x'), std::string(1 << 20, 'x')}) {
    EXPECT_EQ(file.find(wrong), nullptr) << wrong.substr(0, 80);
  }
  EXPECT_EQ(Tokens{}.find("secret"), nullptr);
}

TEST(Tokens, MayShareANameWhileASecretIsChanged) {
  const Tokens file = tokens("deploy register web sha256:" + kSecretHash +
                             "\ndeploy register web sha256:" + kOtherHash + "\n");
  ASSERT_NE(file.find("secret"), nullptr);
  ASSERT_NE(file.find("other"), nullptr);
  EXPECT_EQ(file.find("secret")->name, file.find("other")->name);
}

TEST(Tokens, AreReadWholeOrNotAtAllWithEveryProblem) {
  EXPECT_THAT(
      problems_of("one read *\n"
                  "# fine\n"
                  "two writer * sha256:" +
                  kSecretHash +
                  "\n"
                  "three read web,,api sha256:" +
                  kSecretHash +
                  "\n"
                  "four read [ab] sha256:12\n"
                  "sl/ash read * md5:" +
                  kSecretHash +
                  "\n"
                  "six read * sha256:" +
                  kAbcHash +
                  "\n"
                  "seven admin * sha256:" +
                  kAbcHash +
                  "\n"
                  "eight read * sha256:" +
                  kOtherHash + " more\n"),
      ElementsAre("line 1: not four fields: NAME PERMISSION SERVICES sha256:HEX",
                  "line 3: the permission is none of read, register and admin",
                  "line 4: the services are not a comma list of names, in which * and ? may stand",
                  "line 5: the services are not a comma list of names, in which * and ? may stand",
                  "line 5: the last field is not sha256: and 64 hex digits",
                  "line 6: the name is not made of letters, digits and _.:@+~-",
                  "line 6: the last field is not sha256: and 64 hex digits",
                  "line 8: the same secret as on line 7",
                  "line 9: not four fields: NAME PERMISSION SERVICES sha256:HEX"));
}

TEST(Tokens, NeverQuoteWhatMayBeASecret) {
  const std::string secret = "slu_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  for (const std::string& line : {
           secret + " read * sha256:" + kSecretHash,
           "slu_0123 read * sha256:" + kSecretHash,
           "sha256:12 read * sha256:" + kSecretHash,
           "a " + secret + " * sha256:" + kSecretHash,
           "a read $" + secret + " sha256:" + kSecretHash,
           "a read * " + secret,
           "a read * sha256:" + secret,
           "a read * sha256:" + kSecretHash + "0",
           secret,
       }) {
    for (const std::string& problem : problems_of(line)) {
      EXPECT_THAT(problem, Not(HasSubstr("0123"))) << line;
      EXPECT_THAT(problem, Not(HasSubstr("2bb80"))) << line;
    }
  }
  EXPECT_THAT(problems_of("slu_0123 read * sha256:" + kSecretHash),
              ElementsAre("line 1: the name looks like a secret or its hash"));
}

TEST(Tokens, AreBoundedInNumberAndSize) {
  EXPECT_THAT(problems_of(std::string(kMaxTokensFile + 1, '#')), ElementsAre("larger than 1MiB"));
  EXPECT_EQ(tokens(std::string(kMaxTokensFile, '#')).size(), 0u);
  EXPECT_EQ(problems_of(std::string(kMaxTokensFile, 'x')).size(), 1u);

  std::string bad, many;
  for (int i = 0; i < 5000; ++i) {
    bad += "x\n";
    many += "a read * sha256:" + hex(*sha256(std::to_string(i))) + "\n";
  }
  EXPECT_EQ(problems_of(bad).size(), kMostTokenProblems);
  EXPECT_EQ(problems_of(many).front(), "line 4097: more than 4096 tokens");

  std::string globs = "a";
  for (int i = 1; i < 64; ++i) globs += ",a";
  EXPECT_EQ(tokens("a read " + globs + " sha256:" + kAbcHash).size(), 1u);
  EXPECT_THAT(problems_of("a read " + globs + ",a sha256:" + kAbcHash),
              ElementsAre("line 1: more than 64 services"));
  EXPECT_THAT(problems_of(std::string(65, 'a') + " read a sha256:" + kAbcHash),
              ElementsAre("line 1: the name is longer than 64 bytes"));
}

TEST(Token, HoldsThePermissionsBeforeItsOwnOnItsServices) {
  struct Row {
    Permission has;
    Permission needed;
    bool allows;
  };
  constexpr auto kRead = Permission::read;
  constexpr auto kRegister = Permission::register_instances;
  constexpr auto kAdmin = Permission::admin;
  for (const Row& row :
       {Row{kRead, kRead, true}, Row{kRead, kRegister, false}, Row{kRead, kAdmin, false},
        Row{kRegister, kRead, true}, Row{kRegister, kRegister, true}, Row{kRegister, kAdmin, false},
        Row{kAdmin, kRead, true}, Row{kAdmin, kRegister, true}, Row{kAdmin, kAdmin, true}}) {
    const Token some{"t", row.has, {"pg", "web-*"}};
    EXPECT_EQ(some.allows(row.needed, "web-1"), row.allows);
    EXPECT_EQ(some.allows(row.needed, "pg"), row.allows);
    EXPECT_FALSE(some.allows(row.needed, "pg-1"));
    EXPECT_FALSE(some.allows_everywhere(row.needed)) << "only some services";
    const Token all{"t", row.has, {"pg", "*"}};
    EXPECT_EQ(all.allows(row.needed, "pg-1"), row.allows);
    EXPECT_EQ(all.allows_everywhere(row.needed), row.allows);
  }
}

TEST(Permission, HasTheWordsOfTheFile) {
  for (const auto permission :
       {Permission::read, Permission::register_instances, Permission::admin}) {
    EXPECT_EQ(permission_of(word(permission)), permission);
  }
  EXPECT_EQ(word(Permission::register_instances), "register");
  for (const char* const text : {"", "Read", "register_instances", "write", "admin "}) {
    EXPECT_EQ(permission_of(text), std::nullopt) << text;
  }
}

TEST(MakeToken, MakesALineThatFindsItsSecret) {
  std::array<std::uint8_t, 32> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::uint8_t>(i * 8 + 1);
  std::string why;
  const std::vector<std::string> services = {"web-*", "api"};
  const auto made = make_token("deploy", Permission::register_instances, services, random, why);
  ASSERT_TRUE(made) << why;
  EXPECT_EQ(made->secret, "slu_" + hex(random));
  EXPECT_THAT(made->line, testing::StartsWith("deploy register web-*,api sha256:"));
  EXPECT_THAT(made->line, Not(HasSubstr(made->secret.substr(4))));

  const Tokens file = tokens(made->line + "\n");
  ASSERT_NE(file.find(made->secret), nullptr);
  EXPECT_EQ(file.find(made->secret)->name, "deploy");
  EXPECT_THAT(file.find(made->secret)->services, ElementsAre("web-*", "api"));
  EXPECT_LE(made->secret.size(), kLongestSecret);
}

TEST(MakeToken, TakesOnlyWhatTheFileWould) {
  std::string why;
  const std::vector<std::string> all = {"*"};
  EXPECT_FALSE(make_token("a b", Permission::read, all, {}, why));
  EXPECT_THAT(why, HasSubstr("the name is not made of"));
  EXPECT_FALSE(make_token("", Permission::read, all, {}, why));
  EXPECT_FALSE(make_token("a\nb", Permission::read, all, {}, why));
  EXPECT_FALSE(make_token("a", Permission::read, {}, {}, why));
  EXPECT_THAT(why, HasSubstr("the services are not"));
  EXPECT_FALSE(make_token("a", Permission::read, std::vector<std::string>{"a,b"}, {}, why));
}

TEST(ReadTokensFile, ReadsAPrivateFileAndNoOther) {
  test::TempDir directory;
  const std::string path = directory.path("tokens");
  test::write_file(path, "a read * sha256:" + kSecretHash + "\n");
  std::vector<TokenProblem> problems;

  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_FALSE(read_tokens_file(path, problems));
  EXPECT_THAT(problems,
              ElementsAre(TokenProblem{
                  0, "is open to others than its owner (mode 0644); run chmod 600 on it"}));

  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  const auto file = read_tokens_file(path, problems);
  ASSERT_TRUE(file);
  EXPECT_THAT(problems, ElementsAre());
  EXPECT_NE(file->find("secret"), nullptr);

  test::write_file(path, "a read *\n");
  EXPECT_FALSE(read_tokens_file(path, problems));
  EXPECT_EQ(problems.at(0).line, 1u);
}

}  // namespace
}  // namespace sluice::access
