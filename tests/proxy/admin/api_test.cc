#include "proxy/admin/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/proxy/admin/desk.h"
#include "tests/proxy/admin/fake_control.h"
#include "tests/support/admin.h"
#include "tests/support/wait.h"

namespace sluice::admin {
namespace {

using test::Response;
using Json = nlohmann::json;

class Api : public ::testing::Test {
 protected:
  Api() { server_.start(); }

  static std::string code(const Response& response) {
    return response.json()["error"]["code"].get<std::string>();
  }
  static std::string message(const Response& response) {
    return response.json()["error"]["message"].get<std::string>();
  }

  FakeControl control_;
  Hub hub_{config::Watch{}, control_.snapshot()};
  Gate gate_{[] { return nullptr; }};
  HttpServer server_{loopback_config(), make_api(control_, hub_, gate_)};
  test::Admin client_{server_.address()};
};

TEST_F(Api, IsAliveWhateverItsPhase) {
  control_.phase = "draining";
  const Response reply = client_.get("/healthz");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "ok\n");
}

TEST_F(Api, IsReadyOnlyInThatPhase) {
  const struct {
    const char* phase;
    int status;
  } cases[] = {{"starting", 503}, {"ready", 200}, {"draining", 503}};
  for (const auto& c : cases) {
    control_.phase = c.phase;
    const Response reply = client_.get("/readyz");
    EXPECT_EQ(reply.status, c.status);
    EXPECT_EQ(reply.body, std::string(c.phase) + "\n");
  }
}

TEST_F(Api, ServesMetricsAsPrometheusText) {
  const Response reply = client_.get("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.body, "sluice_registry_index 7\n");
}

// What is short waits for nothing, least of all the question whether the process is alive.
TEST_F(Api, AnswersShortRequestsWhileAPageIsWritten) {
  control_.is_slow = true;
  test::Peer scraper = test::Peer::connect(server_.address());
  scraper.send(get("/metrics"));
  ASSERT_TRUE(test::eventually([&] { return control_.pages_begun == 1; }));
  test::Peer lister = test::Peer::connect(server_.address());
  lister.send(get("/v1/services"));
  control_.report.ok = true;
  for (const char* target : {"/healthz", "/readyz", "/v1/status", "/v1/services/pg/instance"}) {
    EXPECT_EQ(client_.get(target).status, 200) << target;
  }
  EXPECT_EQ(client_.post("/v1/reload").status, 200);
  EXPECT_EQ(client_.del("/v1/connections/0-17").status, 204);
  EXPECT_EQ(client_.get("/nothing-here").status, 404);
  EXPECT_EQ(client_.post("/metrics").status, 405);
  control_.may_go_on.release();
  EXPECT_EQ(receive_reply(scraper).body, "sluice_registry_index 7\n");
  EXPECT_EQ(receive_reply(lister).json()["services"][0]["service"], "pg");
}

TEST_F(Api, WritesAPageOnceForACrowd) {
  control_.is_slow = true;
  std::vector<test::Peer> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.push_back(test::Peer::connect(server_.address()));
    crowd.back().send(get("/metrics"));
  }
  ASSERT_TRUE(test::eventually([&] { return control_.pages_begun == 1; }));
  // Requests are taken about in their order: when this one is answered, the crowd's are ordered.
  EXPECT_EQ(client_.get("/healthz").status, 200);
  control_.may_go_on.release(20);
  for (test::Peer& peer : crowd) {
    EXPECT_EQ(receive_reply(peer).body, "sluice_registry_index 7\n");
  }
  EXPECT_LT(control_.pages_begun, 5) << "the one that was under way, and one for all the others";
}

TEST_F(Api, StopsWhileAPageIsWritten) {
  control_.is_slow = true;
  std::optional<HttpServer> server(std::in_place, loopback_config(),
                                   make_api(control_, hub_, gate_));
  server->start();
  test::Peer scraper = test::Peer::connect(server->address());
  scraper.send(get("/metrics") + get("/metrics"));
  ASSERT_TRUE(test::eventually([&] { return control_.pages_begun == 1; }));
  std::thread end([&] { server.reset(); });
  EXPECT_EQ(receive_reply(scraper).status, 503);
  control_.may_go_on.release();
  end.join();
}

TEST_F(Api, TellsItsStatus) {
  const Json status = client_.get("/v1/status").json();
  EXPECT_EQ(status["version"], "0.1.0");
  EXPECT_EQ(status["phase"], "ready");
  EXPECT_EQ(status["index"], 7);
  EXPECT_EQ(status["last_reload_error"], "bad byte \uFFFD");
  ASSERT_EQ(status["workers"].size(), 1u);
  EXPECT_EQ(status["workers"][0]["plan_version"], 3);
  EXPECT_EQ(status["workers"][0]["connections"], 12);
  EXPECT_EQ(status["workers"][0]["loop_lag_seconds"], 0.5);
  EXPECT_EQ(status["queues"].dump(), R"([{"clients":5,"limit":1024,"service":"pg"}])");
}

TEST_F(Api, ShowsTheEffectiveConfiguration) {
  const Json json = client_.get("/v1/config").json();
  EXPECT_EQ(json["config"]["version"], 1);
  EXPECT_EQ(json["config"]["admin"]["limits"]["connections"], 1024);
}

TEST_F(Api, ListsServicesAtAnIndex) {
  const Response all = client_.get("/v1/services");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.headers.at("x-sluice-index"), "7");
  EXPECT_EQ(all.headers.at("x-sluice-epoch"), "e1");
  EXPECT_EQ(all.json()["services"][0]["service"], "pg");

  const Response one = client_.get("/v1/services/pg");
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.headers.at("x-sluice-index"), "5") << "its own";
  EXPECT_EQ(one.headers.at("x-sluice-epoch"), "e1");
  EXPECT_EQ(one.json()["index"], 5);
  EXPECT_EQ(one.json()["instances"][0]["id"], "a");

  const Response none = client_.get("/v1/services/mysql");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(message(none), "there is no service mysql");
  EXPECT_EQ(none.headers.at("x-sluice-index"), "7");
}

TEST_F(Api, ChoosesAnInstanceForAClient) {
  const struct {
    const char* target;
    const char* asked;
  } cases[] = {
      {"/v1/services/pg/instance", "pg for "},
      {"/v1/services/pg/instance?client=10.0.0.9", "pg for 10.0.0.9"},
      {"/v1/services/pg/instance?client=2001:DB8:0::1", "pg for 2001:db8::1"},
      {"/v1/services/pg/instance?client=::ffff:10.0.0.9", "pg for 10.0.0.9"},
  };
  for (const auto& c : cases) {
    const Response reply = client_.get(c.target);
    EXPECT_EQ(reply.status, 200) << c.target;
    EXPECT_EQ(reply.json()["id"], "a");
    EXPECT_EQ(control_.asked, c.asked);
  }
}

TEST_F(Api, ChoosesAmongThoseThatASelectorHoldsFor) {
  EXPECT_EQ(client_.get("/v1/services/pg/instance?selector=b,a%3D%3Dx&client=10.0.0.9").status,
            200);
  EXPECT_EQ(control_.asked, "pg with a=x,b for 10.0.0.9");
  control_.has_eligible = false;
  const Response none = client_.get("/v1/services/pg/instance?selector=b");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(message(none), "no instance of pg with b is eligible");
  const Response wrong = client_.get("/v1/services/pg/instance?selector=b%3D(");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(message(wrong).starts_with("selector: at byte 3: ")) << message(wrong);
}

TEST_F(Api, SaysWhyItChoosesNoInstance) {
  for (const char* ip : {"", "x", "10.0.0", "10.0.0.9:80", "[::1]", "localhost", "010.0.0.1"}) {
    EXPECT_EQ(client_.get(std::string("/v1/services/pg/instance?client=") + ip).status, 400) << ip;
  }
  const Response unknown = client_.get("/v1/services/mysql/instance");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(message(unknown), "there is no service mysql");
  control_.has_eligible = false;
  const Response nobody = client_.get("/v1/services/pg/instance");
  EXPECT_EQ(nobody.status, 404);
  EXPECT_EQ(message(nobody), "no instance of pg is eligible");
}

TEST_F(Api, TellsTheLastChecksOfAnInstance) {
  const Response known = client_.get("/v1/services/pg/instances/a/checks");
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(control_.asked, "checks of pg/a");
  EXPECT_EQ(known.body,
            R"({"service":"pg","id":"a","checks":[)"
            R"({"time":"2023-11-14T22:13:20.000Z","duration_ms":1.5,"ok":true,"reason":""},)"
            R"({"time":"2023-11-14T22:13:22.000Z","duration_ms":0.3,"ok":false,)"
            R"("reason":"connection refused"}]})");
  const Response unknown = client_.get("/v1/services/pg/instances/b%2Fc/checks");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(message(unknown), "there is no instance pg/b/c");
}

TEST_F(Api, ListsConnectionsThatMatch) {
  const Response all = client_.get("/v1/connections");
  EXPECT_EQ(control_.asked, "|||1000");
  EXPECT_EQ(all.body,
            R"({"total":3,"connections":[{"id":"0-17","listener":"","route":"","service":"",)"
            R"("instance":"",)"
            R"("client":"10.0.0.9:4711","upstream":"","state":"","age_ms":0,"idle_ms":0,)"
            R"("bytes_up":9007199254740992,"bytes_down":0,"attempts":0,"incarnation":0}]})");
  EXPECT_EQ(client_.get("/v1/connections?service=pg&listener=main&instance=a%2Fb&limit=5").status,
            200);
  EXPECT_EQ(control_.asked, "pg|main|a/b|5");
  for (const char* limit : {"", "0", "-1", "+5", "5x", "100001", "99999999999999999999"}) {
    EXPECT_EQ(client_.get(std::string("/v1/connections?limit=") + limit).status, 400) << limit;
  }
}

TEST_F(Api, EndsAConnection) {
  const Response done = client_.del("/v1/connections/0-17");
  EXPECT_EQ(done.status, 204);
  EXPECT_EQ(done.body, "");
  EXPECT_EQ(client_.del("/v1/connections/0-18").status, 404);
  EXPECT_EQ(client_.del("/v1/connections/lost").status, 503) << "nobody answered";
}

TEST_F(Api, ResetsAFuse) {
  const Response done = client_.post("/v1/fuses/127.0.0.1%3A80/a%2Fb/canary/reset");
  EXPECT_EQ(done.status, 204);
  EXPECT_EQ(done.body, "");
  EXPECT_EQ(control_.asked, "reset 127.0.0.1:80/a/b/canary");
  EXPECT_EQ(client_.post("/v1/fuses/l/r/main/reset").status, 404);
}

TEST_F(Api, ReloadsOrShowsWhatAReloadWouldDo) {
  control_.report.ok = true;
  const struct {
    const char* target;
    const char* body;
    const char* asked;
  } cases[] = {
      {"/v1/reload", "", "reload"},
      {"/v1/reload", "{}", "reload"},
      {"/v1/reload", R"({"dry_run": false})", "reload"},
      {"/v1/reload", R"({"dry_run": true})", "reload, dry"},
      {"/v1/reload?dry_run", "", "reload, dry"},
      {"/v1/reload?dry_run=true", "", "reload, dry"},
      {"/v1/reload?dry_run=1", "{}", "reload, dry"},
      {"/v1/reload?dry_run=false", "", "reload"},
      {"/v1/reload?dry_run=0", "", "reload"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(client_.post(c.target, c.body).status, 200) << c.target << c.body;
    EXPECT_EQ(control_.asked, c.asked) << c.target << c.body;
  }
}

TEST_F(Api, ReportsWhatAReloadChanged) {
  using Kind = config::Difference::Kind;
  control_.report.ok = true;
  control_.report.changes = {{Kind::changed, "services[pg].retry.max_retries", "3", "5"},
                             {Kind::added, "listeners[b]", "", "x"},
                             {Kind::removed, "listeners[a]", "y", ""}};
  control_.report.needs_restart = {"process.workers"};
  control_.report.problems = {{config::Severity::warning, "a.yaml", 3, 1, "log", "odd"}};
  control_.report.index = 8;
  control_.report.plan_version = 4;
  const Response reply = client_.post("/v1/reload");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json(), Json::parse(R"({
    "ok": true, "dry_run": false, "needs_restart": ["process.workers"],
    "changes": [
      {"kind": "changed", "path": "services[pg].retry.max_retries", "before": "3", "after": "5"},
      {"kind": "added", "path": "listeners[b]", "before": "", "after": "x"},
      {"kind": "removed", "path": "listeners[a]", "before": "y", "after": ""}],
    "problems": [{"severity": "warning", "file": "a.yaml", "line": 3, "column": 1, "path": "log",
                  "message": "odd"}],
    "index": 8, "plan_version": 4})"));
}

TEST_F(Api, ListsAllProblemsOfAFileThatItRefuses) {
  control_.report.problems = {
      {config::Severity::error, "a.yaml", 12, 7, "services[2].check.interval", "below 100ms"},
      {config::Severity::warning, "a.yaml", 1, 1, "log", "odd"},
      {config::Severity::error, "a.yaml", 20, 3, "listeners", "empty"}};
  const Response reply = client_.post("/v1/reload");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(code(reply), "invalid_config");
  EXPECT_EQ(message(reply), "the file has 2 errors; nothing was changed");
  EXPECT_EQ(reply.json()["ok"], false);
  ASSERT_EQ(reply.json()["problems"].size(), 3u);
  EXPECT_EQ(reply.json()["problems"][0]["line"], 12);
  EXPECT_EQ(reply.json()["problems"][0]["column"], 7);
  EXPECT_EQ(reply.json()["problems"][0]["path"], "services[2].check.interval");
}

TEST_F(Api, RefusesAReloadThatItDoesNotUnderstand) {
  const struct {
    const char* target;
    const char* body;
  } cases[] = {
      {"/v1/reload?dry_run=yes", ""},
      {"/v1/reload?dryrun=true", ""},
      {"/v1/reload?dry_run=true", R"({"dry_run": true})"},
      {"/v1/reload", R"({"dry_run": 1})"},
      {"/v1/reload", R"({"dry": true})"},
      {"/v1/reload", R"({"dry_run": true, "dry_run": false})"},
      {"/v1/reload", "[]"},
      {"/v1/reload", "{"},
  };
  for (const auto& c : cases) {
    const Response reply = client_.post(c.target, c.body);
    EXPECT_EQ(reply.status, 400) << c.target << c.body;
    EXPECT_EQ(code(reply), "bad_request") << c.target << c.body;
  }
  EXPECT_EQ(control_.asked, "");
  EXPECT_EQ(message(client_.post("/v1/reload?dryrun=1")),
            "unknown parameter: \"dryrun\"; did you mean dry_run?");
}

TEST_F(Api, NamesTheMethodsOfAPath) {
  const struct {
    const char* method;
    const char* target;
    const char* allow;
  } cases[] = {
      {"GET", "/v1/reload", "POST"},         {"GET", "/v1/connections/0-17", "DELETE"},
      {"POST", "/v1/services", "GET, HEAD"}, {"DELETE", "/v1/connections", "GET, HEAD"},
      {"OPTIONS", "/healthz", "GET, HEAD"},  {"PUT", "/metrics", "GET, HEAD"},
  };
  for (const auto& c : cases) {
    const Response reply = client_.request(c.method, c.target, "", {});
    EXPECT_EQ(reply.status, 405) << c.method << " " << c.target;
    EXPECT_EQ(reply.headers.at("allow"), c.allow) << c.method << " " << c.target;
    EXPECT_EQ(code(reply), "method_not_allowed");
  }
  EXPECT_EQ(control_.asked, "");
}

TEST_F(Api, KnowsNoOtherPath) {
  for (const char* target : {"/", "/v1", "/v1/", "/v2/services", "/healthz/", "/v1/services/",
                             "/v1//services", "/v1/services/pg/", "/v1/services/pg/instance/x",
                             "/v1/services//instance", "/v1/connections/", "/Healthz"}) {
    const Response reply = client_.get(target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(code(reply), "not_found") << target;
  }
}

TEST_F(Api, IgnoresNothingThatItWasAsked) {
  EXPECT_EQ(client_.get("/healthz?verbose=1").status, 400);
  EXPECT_EQ(client_.get("/v1/services?indx=7").status, 400);
  EXPECT_EQ(
      client_
          .request("DELETE", "/v1/connections/0-17", "{}", {{"Content-Type", "application/json"}})
          .status,
      400);
}

TEST_F(Api, AnswersHeadAsGet) {
  const Response reply = client_.request("HEAD", "/healthz", "", {});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-length"), "3");
  EXPECT_EQ(reply.body, "");
}

TEST_F(Api, ExplainsWhereAConnectionWouldGo) {
  const Response response = client_.get("/v1/explain?listener=front&client=10.1.2.3");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(control_.asked, "front for 10.1.2.3");
  const Json told = response.json();
  EXPECT_EQ(told["winner"], "a");
  EXPECT_EQ(told["route"], "default");
  EXPECT_EQ(told["routes"], Json::array());
  EXPECT_EQ(told["policy"], "hash");
  EXPECT_EQ(told["candidates"][0]["out"], nullptr);
  EXPECT_EQ(told["candidates"][0]["connections"], 3);
  EXPECT_EQ(told["candidates"][1]["out"], "check: refused");
  EXPECT_EQ(told["refused"], nullptr);
  EXPECT_EQ(told["notes"], Json::array({"a PROXY header is required"}));
  const Json refused = client_.get("/v1/explain?listener=front&client=10.6.6.6").json();
  EXPECT_EQ(refused["refused"], "10.6.6.6 lies in access.deny");
  EXPECT_EQ(refused["winner"], nullptr);
  EXPECT_EQ(client_.get("/v1/explain?listener=back").status, 404);
  EXPECT_EQ(client_.get("/v1/explain").status, 400);
  EXPECT_EQ(client_.get("/v1/explain?listener=front&client=nobody").status, 400);
}

// --- Registrations

constexpr std::string_view kInstance = "/v1/services/pg/instances/a";
const test::Headers kJson = {{"Content-Type", "application/json"}};

TEST_F(Api, ExplainsNoServerNames) {
  const Response reply = client_.get("/v1/explain?listener=front&sni=pg.example");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(message(reply), "sni is not available in this version: no listener routes by it");
  EXPECT_EQ(control_.asked, "");
}

TEST_F(Api, PassesOnWhatInstancesSay) {
  const std::string path(kInstance);
  struct Case {
    std::string method, target, body, asked;
  };
  const std::vector<Case> cases = {
      {"PUT", path, R"({"address":"10.0.0.1:80"})", "register pg/a at 10.0.0.1:80"},
      {"PUT", path + "?wait=applied&create=true", R"({"address":"10.0.0.1:80"})",
       "register pg/a at 10.0.0.1:80, create, applied"},
      {"POST", "/v1/register", R"({"service":"pg","id":"b","address":"10.0.0.1:80"})",
       "register pg/b at 10.0.0.1:80"},
      {"POST", "/v1/register", R"({"service":"pg","address":"::1","port":80})",
       "register pg/[::1]:80 at [::1]:80"},
      {"PUT", path + "/heartbeat", "", "beat pg/a 0"},
      {"PUT", path + "/heartbeat", R"({"weight":4})", "beat pg/a 4"},
      {"DELETE", path, "", "leave pg/a 0 0"},
      {"DELETE", path + "?drain=2s&wait=true&incarnation=7", "", "leave pg/a 7 2000 wait"},
      {"PUT", path + "/state", R"({"admin":"drain","reason":"x"})", "pg/a drain x"},
  };
  for (const Case& each : cases) {
    const Response response = client_.request(each.method, each.target, each.body, kJson);
    EXPECT_EQ(response.status, 200) << each.target << response.body;
    EXPECT_EQ(control_.asked, each.asked);
    EXPECT_EQ(response.json()["index"], 9) << each.target;
    EXPECT_EQ(response.json()["epoch"], "e1") << each.target;
    EXPECT_EQ(response.headers.at("x-sluice-index"), "9") << each.target;
  }
}

TEST_F(Api, RefusesWhatInstancesSayWrongly) {
  const std::string path(kInstance), good = R"({"address":"10.0.0.1:80"})";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"PUT", path, "{}"},
      {"PUT", path, "{"},
      {"PUT", path + "?wait=true", good},
      {"PUT", path + "?create=perhaps", good},
      {"PUT", path + "?ttl=5s", good},
      {"PUT", path + "/heartbeat", R"({"address":"10.0.0.2:80"})"},
      {"PUT", path + "/state", "{}"},
      {"DELETE", path + "?drain=soon", ""},
      {"DELETE", path + "?incarnation=-1", ""},
      {"DELETE", path + "?wait=applied", ""},
  };
  for (const auto& [method, target, body] : cases) {
    const Response response = client_.request(method, target, body, kJson);
    EXPECT_EQ(response.status, 400) << method << " " << target << " " << body;
    EXPECT_EQ(control_.asked, "") << target;
  }
}

TEST_F(Api, SaysWhatCouldNotBeDone) {
  using registry::Fault;
  const std::vector<std::tuple<Fault, int, std::string>> cases = {
      {Fault::unknown_service, 404, "unknown_service"},
      {Fault::unknown_instance, 404, "unknown_instance"},
      {Fault::closed, 403, "registration_closed"},
      {Fault::address_refused, 403, "address_refused"},
      {Fault::static_instance, 409, "static_instance"},
      {Fault::older_incarnation, 409, "older_incarnation"},
      {Fault::exists, 409, "exists"},
      {Fault::ttl_out_of_bounds, 400, "invalid"},
      {Fault::full, 429, "too_many"},
  };
  for (const auto& [fault, status, word] : cases) {
    control_.answer = {{fault, "why", 0, nullptr, false}, "", 0};
    const Response response =
        client_.request("PUT", std::string(kInstance) + "/heartbeat", "", kJson);
    EXPECT_EQ(response.status, status) << word;
    EXPECT_EQ(code(response), word);
    EXPECT_EQ(message(response), "why");
  }
  control_.answer = {{Fault::none, "", 9, FakeControl::instance("a"), true}, "disk is full", 0};
  const Response response = client_.request("DELETE", std::string(kInstance), "", kJson);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(code(response), "not_durable");
  EXPECT_EQ(message(response), "done, but it may not survive a restart: disk is full");
}

}  // namespace
}  // namespace sluice::admin
