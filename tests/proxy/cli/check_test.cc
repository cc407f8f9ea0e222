#include "proxy/cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/proxy/cli/running.h"
#include "tests/support/process.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGood =
    "listeners: [{bind: '127.0.0.1:5432', service: pg}]\n"
    "services:\n"
    "  - {name: pg, instances: ['10.0.0.1:5432', '10.0.0.2:5432']}\n";

class Check : public testing::Test {
 protected:
  std::string file(const std::string& yaml) {
    const std::string path = directory_.path("sluice.yaml");
    test::write_file(path, yaml);
    return path;
  }

  test::TempDir directory_;
};

TEST_F(Check, OfAGoodFileCountsWhatIsInIt) {
  const std::string good = file(kGood);
  const Result result = run({"check", good});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(result.out, good + ": ok, 1 listener, 1 service, 2 instances\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(Check, OfABadFileNamesEveryProblemWithItsLine) {
  const std::string bad = file(
      "listeners:\n"
      "  - {bind: '127.0.0.1:70000', service: pg}\n"
      "services:\n"
      "  - {name: pg, instnaces: []}\n");
  const Result result = run({"check", bad});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr(bad + ":2:"));
  EXPECT_THAT(result.err, HasSubstr(bad + ":4:"));
  EXPECT_THAT(result.err, HasSubstr("instances"));
}

TEST_F(Check, OfAFileThatIsNotThereFails) {
  const Result result = run({"check", directory_.path("nowhere.yaml")});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_THAT(result.err, HasSubstr("nowhere.yaml"));
}

TEST_F(Check, AWarningIsAFailureOnlyWhenStrict) {
  const std::string odd =
      file(std::string(kGood) + "  - {name: unused, instances: ['10.0.0.3:5432']}\n");
  const Result lenient = run({"check", odd});
  EXPECT_EQ(lenient.code, kOk);
  EXPECT_THAT(lenient.err, HasSubstr("warning"));
  EXPECT_THAT(lenient.out, StartsWith(odd + ": ok"));
  const Result strict = run({"check", "--strict", odd});
  EXPECT_EQ(strict.code, kFailure);
  EXPECT_EQ(strict.err, lenient.err);
}

TEST_F(Check, AsJsonHasTheProblemsInTheShapeOfTheApi) {
  const Result good = run({"check", file(kGood), "--json"});
  EXPECT_EQ(good.code, kOk);
  EXPECT_EQ(nlohmann::json::parse(good.out),
            nlohmann::json({{"ok", true}, {"problems", nlohmann::json::array()}}));

  const Result bad = run({"check", file("listeners: 3\n"), "--json"});
  EXPECT_EQ(bad.code, kFailure);
  const nlohmann::json report = nlohmann::json::parse(bad.out);
  EXPECT_EQ(report["ok"], false);
  ASSERT_FALSE(report["problems"].empty());
  EXPECT_EQ(report["problems"][0]["severity"], "error");
  EXPECT_EQ(report["problems"][0]["line"], 1);
}

class CheckWithTokens : public Check {
 protected:
  Result check(const std::string& tokens, std::filesystem::perms mode = kOwnersAlone) {
    test::write_file(tokens_, tokens);
    std::filesystem::permissions(tokens_, mode);
    return run({"check", file_});
  }

  static constexpr auto kOwnersAlone =
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
  const std::string hash_ = "sha256:" + std::string(64, '0');
  const std::string tokens_ = directory_.path("tokens");
  const std::string file_ = file("admin: {tokens_file: \"" + tokens_ + "\"}\n" + kGood);
};

TEST_F(CheckWithTokens, FindsWhatIsWrongInTheirFile) {
  EXPECT_EQ(check("deploy register web-* " + hash_ + "\n").code, kOk);
  const Result wrong = check("# ours\ndeploy write web-* " + hash_ + "\n\nroot admin *\n");
  EXPECT_EQ(wrong.code, kFailure);
  EXPECT_EQ(wrong.err, tokens_ + ":2: error: the permission is none of read, register and admin\n" +
                           tokens_ +
                           ":4: error: not four fields: NAME PERMISSION SERVICES sha256:HEX\n");
  const Result open = check("", kOwnersAlone | std::filesystem::perms::others_read);
  EXPECT_EQ(open.code, kFailure);
  EXPECT_EQ(open.err, tokens_ +
                          ": error: is open to others than its owner (mode 0604); run chmod 600 "
                          "on it\n");
}

TEST_F(CheckWithTokens, OnlyWarnsOfAFileThatIsNotThere) {
  const Result absent = run({"check", file_});
  EXPECT_EQ(absent.code, kOk);
  EXPECT_EQ(absent.err, tokens_ + ": warning: cannot be read: No such file or directory\n");
  EXPECT_EQ(run({"check", "--strict", file_}).code, kFailure);
}

}  // namespace
}  // namespace sluice::cli
