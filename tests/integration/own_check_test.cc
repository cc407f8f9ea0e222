// Instances that bring check settings of their own along, on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "tests/integration/ask.h"
#include "tests/integration/sluice_command.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kInstancesPath = "/v1/services/s/instances/";

// The health of an instance, beside its service's port: `status` under /ready, 404 elsewhere.
struct Ready final : Backend::Script {
  explicit Ready(const std::atomic<int>& s) : status(s) {}
  void on_data(Backend::Connection& connection, std::string_view bytes) override {
    request += bytes;
    if (request.find("\r\n\r\n") == std::string::npos) return;
    const int said = request.starts_with("GET /ready ") ? status.load() : 404;
    connection.send("HTTP/1.1 " + std::to_string(said) +
                    " Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.close();
  }
  const std::atomic<int>& status;
  std::string request;
};

// "a" has an HTTP check of its own on another port, "b" the service's TCP check.
class OwnCheck : public testing::Test {
 protected:
  static Scene scene(const std::string& check = kOften) {
    return {.instances = {}, .service = "check: {" + check + "}"};
  }
  OwnCheck() {
    EXPECT_EQ(enroll("a", a_.address(), own()).status, 200);
    EXPECT_EQ(enroll("b", b_.address()).status, 200);
    EXPECT_TRUE(becomes("a", "up"));
    EXPECT_TRUE(becomes("b", "up"));
  }

  Response enroll(const std::string& id, const std::string& address, const std::string& check = "",
                  const std::string& more = "") {
    const std::string settings = check.empty() ? "" : R"(,"check":)" + check;
    return sluice_.admin().put(kInstancesPath + id + "?wait=applied",
                               R"({"address":")" + address + '"' + settings + more + "}");
  }
  std::string own() const { return own_on(health_.address()); }
  static std::string own_on(const std::string& address) {
    return R"({"type":"http","rise":1,"fall":2,"port":)" + address.substr(address.rfind(':') + 1) +
           R"(,"http":{"path":"/ready"}})";
  }
  bool becomes(const std::string& id, const std::string& state) {
    return eventually([&] { return sluice_.instance_state(id) == state; });
  }
  Json status_of(const std::string& id) { return sluice_.instance_status(id); }

  static constexpr const char* kOften =
      "type: tcp, interval: 100ms, fast_interval: 100ms, rise: 2, fall: 3";

  std::atomic<int> ready_{200};
  Backend health_{[this] { return std::make_unique<Ready>(ready_); }};
  Backend a_{ident("a")}, b_{ident("b")};
  Sluice sluice_{scene()};
  Invariants invariants_{sluice_};
};

TEST_F(OwnCheck, TakesOneInstanceDownWhileItsSiblingStaysUp) {
  EXPECT_EQ(status_of("a")["check_settings"], Json::parse(own()));
  EXPECT_FALSE(status_of("b").contains("check_settings"));
  ready_ = 503;
  ASSERT_TRUE(becomes("a", "down"));
  EXPECT_EQ(status_of("a")["reason"], "check: status 503, wanted 200-299");
  EXPECT_EQ(sluice_.instance_state("b"), "up");
  EXPECT_EQ(ask_times(sluice_, 6), (std::map<std::string, int>{{"b", 6}}));
  ready_ = 200;
  ASSERT_TRUE(becomes("a", "up"));
  EXPECT_TRUE(eventually([&] { return ask(sluice_) == "a"; }));
  invariants_.expect_hold();
}

TEST_F(OwnCheck, ChangesAndGoesUnderTheSameIncarnation) {
  const Json incarnation = status_of("a")["incarnation"];
  ready_ = 503;
  ASSERT_TRUE(becomes("a", "down"));
  ASSERT_EQ(enroll("a", a_.address()).status, 200);
  ASSERT_TRUE(becomes("a", "up")) << "by the service's check";
  EXPECT_FALSE(status_of("a").contains("check_settings"));

  ASSERT_EQ(enroll("a", a_.address(), own()).status, 200);
  ASSERT_TRUE(becomes("a", "down"));
  ASSERT_EQ(enroll("a", a_.address(), R"({"type":"none"})").status, 200);
  EXPECT_EQ(sluice_.instance_state("a"), "up");
  EXPECT_EQ(status_of("a")["check"], "none");
  EXPECT_EQ(status_of("a")["incarnation"], incarnation);
  const Json events = sluice_.admin().get("/v1/events").json()["events"];
  EXPECT_THAT(events.dump(), HasSubstr(R"("kind":"updated")"));
  EXPECT_THAT(events.dump(), HasSubstr(R"("reason":"check")"));
}

TEST_F(OwnCheck, OutlivesAKill) {
  const Json before = status_of("a")["check_settings"];
  ready_ = 503;
  ASSERT_TRUE(becomes("a", "down"));
  sluice_.kill();
  sluice_.start();
  EXPECT_EQ(sluice_.instance_state("a"), "down") << "it is waited for";
  EXPECT_EQ(status_of("a")["reason"], "check: status 503, wanted 200-299");
  EXPECT_EQ(status_of("a")["check_settings"], before);
  EXPECT_EQ(sluice_.instance_state("b"), "up");
  ready_ = 200;
  EXPECT_TRUE(becomes("a", "up"));
}

TEST_F(OwnCheck, OutlivesAReloadThatChangesTheServices) {
  ASSERT_EQ(sluice_.reload(scene("type: none, interval: 100ms, fast_interval: 100ms")).status, 200);
  EXPECT_EQ(status_of("b")["check"], "none");
  EXPECT_EQ(status_of("a")["check"], "up");
  ready_ = 503;
  ASSERT_TRUE(becomes("a", "down"));
  EXPECT_EQ(sluice_.instance_state("b"), "up");

  // What "a" does not say is what the service says from now on.
  ASSERT_EQ(sluice_.reload(scene(std::string(kOften) + ", http: {status: [\"503\"]}")).status, 200);
  EXPECT_TRUE(becomes("a", "up"));
  EXPECT_EQ(status_of("a")["check_settings"], Json::parse(own()));
  EXPECT_EQ(status_of("b")["check"], "up");
}

TEST_F(OwnCheck, OutOfBoundsIsRefusedAndChangesNothing) {
  const Json before = status_of("a")["check_settings"];
  const Json index = sluice_.admin().get("/v1/services/s").json()["index"];
  struct Row {
    std::string check, more, why;
  };
  for (const Row& row : {
           Row{"7", "", "check: must be an object"},
           Row{R"({"kind":"tcp"})", "", "check.kind: unknown key"},
           Row{R"({"fall":"2"})", "", "check.fall: must be a whole number"},
           Row{R"({"rise":101})", "", "check.rise: 101 is above 100"},
           Row{R"({"interval":"99ms"})", "", "check.interval: 99ms is below 100ms"},
           Row{R"({"fast_interval":"61s"})", "", "check.fast_interval: 61s is above 1m"},
           Row{R"({"type":"none"})", R"(,"ttl":"0s")", "check.type: none takes a lease"},
           Row{own_on(sluice_.admin().address()), "", "check.port: "},
           Row{own_on(sluice_.front()), "", "check.port: "},
       }) {
    const Response refused = enroll("a", a_.address(), row.check, R"(,"weight":9)" + row.more);
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_EQ(refused.json()["error"]["code"], "invalid");
    EXPECT_THAT(refused.json()["error"]["message"].get<std::string>(),
                testing::StartsWith(row.why));
  }
  EXPECT_EQ(status_of("a")["check_settings"], before);
  EXPECT_EQ(status_of("a")["weight"], 1);
  EXPECT_EQ(sluice_.admin().get("/v1/services/s").json()["index"], index);
}

TEST_F(OwnCheck, ComesByTheCommandLine) {
  const Finished done =
      command(sluice_, {"register", "s", "--address", b_.address(), "--id", "b", "--check", own()});
  EXPECT_TRUE(done.is_success()) << done.errors;
  EXPECT_EQ(status_of("b")["check_settings"], Json::parse(own()));
  ready_ = 503;
  EXPECT_TRUE(becomes("b", "down"));
  const Finished refused = command(sluice_, {"register", "s", "--address", b_.address(), "--id",
                                             "b", "--check", R"({"interval":"61s"})"});
  EXPECT_FALSE(refused.is_success());
  EXPECT_THAT(refused.errors, HasSubstr("check.interval: 61s is above 1m"));
}

}  // namespace
}  // namespace sluice::test
