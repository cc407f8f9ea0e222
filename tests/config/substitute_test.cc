#include "config/substitute.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

const Environment kEnvironment = testing::environment({
    {"HOST", "10.0.0.9"},
    {"EMPTY", ""},
    {"TRICKY", "a: [b, ${HOST}]\n- c"},
    {"BINARY", "\xff"},
});

TEST(Substitution, TakesVariablesFromTheEnvironment) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain $5 text", "plain $5 text"},
      {"${HOST}:80", "10.0.0.9:80"},
      {"${HOST}${HOST}", "10.0.0.910.0.0.9"},
      {"${NONE:-x}", "x"},
      {"${EMPTY:-x}", "x"},
      {"${EMPTY}", ""},
      {"${NONE:-}", ""},
      {"${NONE:-a:-b}", "a:-b"},
      {"${HOST:-x}", "10.0.0.9"},
      {"$${HOST}", "${HOST}"},
      {"$$${HOST}", "$${HOST}"},
      {"$$", "$$"},
      {"a$", "a$"},
      {"${TRICKY}", "a: [b, ${HOST}]\n- c"},
      {"${NONE:-${HOST}", "${HOST"},
  };
  for (const auto& [text, result] : cases) {
    std::string why;
    EXPECT_EQ(substitute(text, kEnvironment, why), result) << text << ": " << why;
  }
}

TEST(Substitution, SaysWhatItCannotTake) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"${NONE}", "variable NONE is not set"},
      {"${", "no \"}\""},
      {"${HOST", "no \"}\""},
      {"${}", "names no environment variable"},
      {"${1A}", "names no environment variable"},
      {"${A-b}", "names no environment variable"},
      {"${A B}", "names no environment variable"},
      {"${BINARY}", "does not hold UTF-8"},
  };
  for (const auto& [text, reason] : cases) {
    std::string why;
    EXPECT_EQ(substitute(text, kEnvironment, why), std::nullopt) << text;
    EXPECT_NE(why.find(reason), std::string::npos) << text << ": " << why;
  }
}

TEST(Substitution, GivesBackWhatWasEscaped) {
  for (const char* const text :
       {"", "plain", "${HOST}", "$${HOST}", "$$${", "${${", "$", "a$b{c}"}) {
    std::string why;
    EXPECT_EQ(substitute(escape_substitution(text), kEnvironment, why), text);
  }
}

TEST(Substitution, NeverBecomesStructure) {
  const std::string yaml = testing::with_service("    check: {http: {body: \"${TRICKY}\"}}\n");
  const Loaded loaded = load_text(yaml, "f", kEnvironment);
  ASSERT_TRUE(loaded.config) << ::testing::PrintToString(testing::lines(loaded));
  EXPECT_EQ(loaded.config->services[0].check.http.body, "a: [b, ${HOST}]\n- c");
}

TEST(Substitution, GivesNumbersAndWordsToo) {
  const Loaded loaded =
      load_text(testing::with("process: {workers: \"${N:-3}\"}\nlog: {level: \"${L:-off}\"}\n"),
                "f", kEnvironment);
  ASSERT_TRUE(loaded.config) << ::testing::PrintToString(testing::lines(loaded));
  EXPECT_EQ(loaded.config->process.workers.count, 3u);
  EXPECT_EQ(loaded.config->log.level, LogLevel::off);
}

TEST(Substitution, LeavesKeysAlone) {
  const Loaded loaded = load_text(testing::with("${HOST}: 1\n"), "f", kEnvironment);
  EXPECT_EQ(testing::lines(loaded)[0].substr(0, 33), "f:1:1: ${HOST}: error: unknown ke");
}

TEST(Substitution, IsBoundedInAll) {
  const auto large = testing::environment({{"L", std::string(60'000, 'x')}});
  std::string meta;
  for (int i = 0; i < 100; ++i) meta += "k" + std::to_string(i) + ": \"${L}\", ";
  const Loaded loaded = load_text("admin: {x: {" + meta + "}}\n", "f", large);
  ASSERT_FALSE(loaded.config);
  const std::string all = ::testing::PrintToString(testing::lines(loaded));
  EXPECT_NE(all.find("the environment variables of this file make more than 4 MiB"), all.npos)
      << all;
}

}  // namespace
}  // namespace sluice::config
