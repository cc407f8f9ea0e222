#include "proxy/cli/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/cli/running.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

std::string shown(const std::string& kind, const std::string& data) {
  std::ostringstream out;
  show_event(out, {kind, "e-1", data});
  return out.str();
}

TEST(Watch, TellsEachChangeInALine) {
  EXPECT_EQ(shown("snapshot", R"({"services":[{"service":"pg","instances":[
              {"id":"a","state":"up","reason":"ok","since":"T0"}]}]})"),
            "T0 = pg/a: up (ok)\n");
  EXPECT_EQ(shown("change", R"({"time":"T1","kind":"added","service":"pg","id":"b","from":"up",
              "to":"up","reason":"ok"})"),
            "T1 + pg/b: up (ok)\n");
  EXPECT_EQ(shown("change", R"({"time":"T2","kind":"state","service":"pg","id":"b","from":"up",
              "to":"down","reason":"check: refused"})"),
            "T2 ~ pg/b: up -> down (check: refused)\n");
  EXPECT_EQ(shown("change", R"({"time":"T3","kind":"removed","service":"p\u001bg","id":"b",
              "from":"down","to":"down","reason":""})"),
            "T3 - p\\x1bg/b: down\n");
  EXPECT_EQ(shown("news", "{}"), "");
}

TEST(Watch, EndsWhereItIsRefused) {
  FakeAdmin admin(404, R"({"error":{"message":"there is no service x"}})");
  const Result result = run({"--admin", admin.address(), "watch", "x"});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.err, "sluice: there is no service x\n");
  EXPECT_THAT(admin.request(), HasSubstr("GET /v1/watch?service=x HTTP/1.1"));
}

TEST(Watch, EndsWhereNobodyWasThereAtFirst) {
  const test::DeadEnd nobody;
  const Result result = run({"watch", "--admin", nobody.address()});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_THAT(result.err, HasSubstr("connection refused"));
}

}  // namespace
}  // namespace sluice::cli
