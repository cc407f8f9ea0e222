#include "proxy/cli/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "registry/access/tokens.h"
#include "tests/proxy/cli/running.h"

namespace sluice::cli {
namespace {

using access::Permission;
using testing::HasSubstr;
using testing::StartsWith;

// What a proxy makes of the line that was printed.
access::Tokens read(const std::string& line) {
  std::vector<access::TokenProblem> problems;
  auto tokens = access::Tokens::parse(line, problems);
  EXPECT_TRUE(tokens) << line;
  return tokens.value_or(access::Tokens());
}

TEST(TokenCommand, PrintsASecretAndTheLineThatKnowsIt) {
  const Result result =
      run({"token", "deploy", "--permission", "register", "--services", "web-*,api", "--json"});
  ASSERT_EQ(result.code, kOk) << result.err;
  const nlohmann::json made = nlohmann::json::parse(result.out);
  const access::Tokens tokens = read(made["line"]);
  const access::Token* token = tokens.find(made["secret"].get<std::string>());
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->name, "deploy");
  EXPECT_TRUE(token->allows(Permission::register_instances, "web-1"));
  EXPECT_TRUE(token->allows(Permission::register_instances, "api"));
  EXPECT_FALSE(token->allows(Permission::register_instances, "db"));
  EXPECT_FALSE(token->allows(Permission::admin, "api"));
}

TEST(TokenCommand, GrantsReadingUnlessMoreIsSaid) {
  const Result result = run({"token", "grafana"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(result.out, HasSubstr("\n  slu_"));
  EXPECT_THAT(result.out, HasSubstr("\n  grafana read * sha256:"));
  EXPECT_NE(run({"token", "grafana"}).out, result.out) << "two tokens are one";
}

TEST(TokenCommand, RefusesWhatCannotStandInTheFile) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } rows[] = {
      {{"token"}, "sluice: NAME is required\n"},
      {{"token", "a b"}, "sluice: the name is not made of letters, digits and _.:@+~-\n"},
      {{"token", "a", "--permission", "write"},
       "sluice: --permission write: expected read, register or admin\n"},
      {{"token", "a", "--services", "a,,b"},
       "sluice: the services are not a comma list of names, in which * and ? may stand\n"},
      {{"token", "a", "--services", "[a]"},
       "sluice: the services are not a comma list of names, in which * and ? may stand\n"},
  };
  for (const auto& row : rows) {
    const Result result = run(row.arguments);
    EXPECT_EQ(result.code, kUsage) << row.message;
    EXPECT_THAT(result.err, StartsWith(row.message));
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace sluice::cli
