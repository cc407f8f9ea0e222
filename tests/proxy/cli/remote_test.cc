#include "proxy/cli/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/proxy/cli/running.h"
#include "tests/support/process.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kService = R"({"service":"pg","index":4,"epoch":"e","instances":[
  {"id":"a","address":"10.0.0.1","port":5432,"state":"up","reason":"ok","weight":1,"priority":0,
   "zone":"z1","connections":3},
  {"id":"b","address":"2001:db8::1","port":5432,"state":"down",
   "reason":"check: connection refused","weight":20,"priority":1,"zone":"","connections":0},
  {"id":"c","address":"unix:/run/pg.sock","port":0,"state":"up","reason":"ok","weight":1,
   "priority":0,"zone":"","connections":1}]})";

// Asks a proxy that answers like this, and gives back its request too.
struct Asked {
  Result result;
  std::string request;
};

Asked ask_one(std::vector<std::string> arguments, int status, const std::string& body) {
  FakeAdmin admin(status, body);
  arguments.insert(arguments.begin(), {"--admin", admin.address()});
  const Result result = run(arguments);
  return {result, admin.request()};
}

TEST(Remote, EachCommandAsksItsRoute) {
  struct Row {
    std::vector<std::string> arguments;
    const char* request_line;
  };
  for (const Row& row : {
           Row{{"status"}, "GET /v1/status HTTP/1.1\r\n"},
           Row{{"services"}, "GET /v1/services HTTP/1.1\r\n"},
           Row{{"instances", "pg/main"}, "GET /v1/services/pg%2Fmain HTTP/1.1\r\n"},
           Row{{"checks", "pg/main", "10.0.0.1:80"},
               "GET /v1/services/pg%2Fmain/instances/10.0.0.1%3A80/checks HTTP/1.1\r\n"},
           Row{{"connections"}, "GET /v1/connections?limit=1000 HTTP/1.1\r\n"},
           Row{{"connections", "--service", "a&b", "--listener", "l", "--instance", "10.0.0.1:80",
                "--limit", "5"},
               "GET /v1/connections?limit=5&service=a%26b&listener=l&instance=10.0.0.1%3A80 "
               "HTTP/1.1\r\n"},
           Row{{"explain", "--listener", "a&b"}, "GET /v1/explain?listener=a%26b HTTP/1.1\r\n"},
           Row{{"explain", "--listener", "l", "--client", "2001:db8::9"},
               "GET /v1/explain?listener=l&client=2001%3Adb8%3A%3A9 HTTP/1.1\r\n"},
           Row{{"events"}, "GET /v1/events?limit=1000 HTTP/1.1\r\n"},
           Row{{"events", "--service", "a&b", "--limit", "5"},
               "GET /v1/events?limit=5&service=a%26b HTTP/1.1\r\n"},
           Row{{"reload"}, "POST /v1/reload HTTP/1.1\r\n"},
           Row{{"reload", "--dry-run"}, "POST /v1/reload?dry_run=true HTTP/1.1\r\n"},
       }) {
    const Asked asked = ask_one(row.arguments, 200, "{}");
    EXPECT_EQ(asked.result.code, kOk) << asked.result.err;
    EXPECT_THAT(asked.request, StartsWith(row.request_line));
  }
}

TEST(Remote, InstancesAreATable) {
  const Result result = ask_one({"instances", "pg"}, 200, kService).result;
  EXPECT_EQ(result.code, kOk);
  EXPECT_EQ(result.out,
            "INSTANCE  ADDRESS             STATE  CONNECTIONS  WEIGHT  PRIORITY  ZONE  REASON\n"
            "a         10.0.0.1:5432       up               3       1         0  z1    ok\n"
            "b         [2001:db8::1]:5432  down             0      20         1  -     check: "
            "connection refused\n"
            "c         unix:/run/pg.sock   up               1       1         0  -     ok\n");
}

TEST(Remote, ServicesCountTheirInstancesByState) {
  const std::string body = std::string(R"({"services":[)") + kService + "]}";
  const Result result = ask_one({"services"}, 200, body).result;
  EXPECT_EQ(result.out,
            "SERVICE  INSTANCES  UP  WARMING  DRAINING  DOWN  CONNECTIONS\n"
            "pg               3   2        0         0     1            4\n");
}

TEST(Remote, StatusShowsFactsAndWorkers) {
  const Result result = ask_one({"status"}, 200, R"({"version":"0.1.0","pid":7,
    "config_file":"pg.yaml","uptime_ms":7500000,"phase":"ready","index":4,"epoch":"e1",
    "plan_version":9,"connections":12,"max_connections":1000,"fd_limit":4096,"reloads_ok":2,
    "reloads_failed":1,"last_reload_error":"pg.yaml:3: unknown key","log_lines_dropped":0,
    "workers":[{"worker":0,"plan_version":9,"connections":12,"loop_lag_seconds":0.004}],
    "queues":[{"service":"pg","clients":5,"limit":1024}]})")
                            .result;
  EXPECT_EQ(result.out,
            "version        0.1.0, pid 7\n"
            "phase          ready, up 2h5m\n"
            "configuration  pg.yaml\n"
            "reloads        2 done, 1 refused; the last one: pg.yaml:3: unknown key\n"
            "registry       index 4, epoch e1\n"
            "connections    12 of at most 1000 (file descriptors: 4096)\n"
            "plan           9\n"
            "queue          5 of at most 1024 wait for pg\n"
            "\n"
            "WORKER  PLAN  CONNECTIONS  LAG\n"
            "     0     9           12  4ms\n");
}

TEST(Remote, ChecksSayWhatCameOfThem) {
  const Result result = ask_one({"checks", "pg", "a"}, 200, R"({"service":"pg","id":"a","checks":[
    {"time":"2023-11-14T22:13:20.000Z","duration_ms":0.3,"ok":true,"reason":""},
    {"time":"2023-11-14T22:13:22.000Z","duration_ms":1000.2,"ok":false,"reason":"no\nanswer"}]})")
                            .result;
  EXPECT_EQ(result.out,
            "TIME                      TOOK  RESULT  REASON\n"
            "2023-11-14T22:13:20.000Z   1ms  passed  -\n"
            "2023-11-14T22:13:22.000Z    1s  failed  no\\nanswer\n");
}

TEST(Remote, ConnectionsSayHowManyAreNotShown) {
  const Result result = ask_one({"connections"}, 200, R"({"total":3,"connections":[{"id":"0-5",
    "listener":"l","service":"pg","instance":"a","client":"10.9.9.9:1234","upstream":"x",
    "state":"relaying","age_ms":61000,"idle_ms":20,"bytes_up":100,"bytes_down":2048,"attempts":1,
    "incarnation":1}]})")
                            .result;
  EXPECT_EQ(
      result.out,
      "ID   LISTENER  SERVICE  INSTANCE  CLIENT         STATE      AGE  IDLE     UP     DOWN  "
      "ATTEMPTS\n"
      "0-5  l         pg       a         10.9.9.9:1234  relaying  1m1s  20ms  100 B  2.0 KiB  "
      "       1\n"
      "(1 of 3)\n");
}

TEST(Remote, AnExplanationSaysWhoAndWhyAndWhyNotTheOthers) {
  const Result result = ask_one({"explain", "--listener", "front", "--client", "10.9.9.9"}, 200,
                                R"({"index":4,"listener":"front","client":"10.9.9.9",
    "route":"default","service":"pg","selector":"role=primary","policy":"hash","winner":"b",
    "why":"by the hash of 10.9.9.9","candidates":[
      {"id":"a","address":"10.0.0.1","port":5432,"state":"down","reason":"check: refused",
       "weight":1,"priority":0,"connections":0,"out":"check: refused"},
      {"id":"b","address":"2001:db8::1","port":5432,"state":"up","reason":"ok","weight":20,
       "priority":1,"connections":3,"out":null}]})")
                            .result;
  EXPECT_EQ(result.code, kOk);
  EXPECT_EQ(result.out,
            "listener       front\n"
            "client         10.9.9.9\n"
            "route          default\n"
            "service        pg\n"
            "selector       role=primary\n"
            "policy         hash\n"
            "goes to        b\n"
            "because        by the hash of 10.9.9.9\n"
            "\n"
            "INSTANCE  ADDRESS             STATE  LOAD  WEIGHT  PRIORITY  PASSED OVER\n"
            "a         10.0.0.1:5432       down      0       1         0  check: refused\n"
            "b         [2001:db8::1]:5432  up        3      20         1  -\n");
}

TEST(Remote, AnExplanationSaysWhoIsNotLetInAndWhatElseDecides) {
  const Result result = ask_one({"explain", "--listener", "front", "--client", "10.9.9.9"}, 200,
                                R"({"index":4,"listener":"front","client":"10.9.9.9",
    "route":"default","service":"pg","selector":"","policy":"hash","winner":null,
    "refused":"10.9.9.9 lies in 10.9.0.0/16 of access.deny",
    "why":"10.9.9.9 lies in 10.9.0.0/16 of access.deny",
    "notes":["a PROXY header is required","and one\nmore"],"candidates":[]})")
                            .result;
  EXPECT_THAT(result.out, HasSubstr("goes to        nobody\n"
                                    "because        10.9.9.9 lies in 10.9.0.0/16 of access.deny\n"
                                    "note           a PROXY header is required\n"
                                    "note           and one\\nmore\n"));
}

TEST(Remote, AnExplanationShowsTheRoutes) {
  const Result result = ask_one({"explain", "--listener", "front"}, 200,
                                R"({"index":4,"listener":"front","client":null,"route":"rest",
    "service":"pg","selector":"","policy":"hash","winner":"b","why":"by the hash","candidates":[],
    "routes":[{"route":"0","taken":false,"why":"goes by the client, and none was named","ways":[
        {"part":null,"service":"lab","selector":"","weight":1,"share":1.0,"out":null}]},
      {"route":"rest","taken":true,"why":"takes everybody","ways":[
        {"part":"pg","service":"pg","selector":"","weight":95,"share":1.0,"out":null},
        {"part":"new","service":"pg2","selector":"","weight":5,"share":0.0,
         "out":"its fuse has blown"}]}]})")
                            .result;
  EXPECT_THAT(
      result.out,
      HasSubstr("ROUTE  TAKEN  PART  SERVICE    SHARE  BECAUSE\n"
                "0      no     -     lab      100.0 %  goes by the client, and none was named\n"
                "rest   yes    pg    pg       100.0 %  takes everybody\n"
                "-      -      new   pg2        0.0 %  its fuse has blown\n"));
}

TEST(Remote, AStatusShowsTheFuses) {
  const Result result = ask_one({"status"}, 200, R"({"workers":[],"fuses":[
    {"listener":"front","route":"rest","part":"new","service":"pg2","weight":5,"state":"blown",
     "since_ms":1,"why":"20 of its 20 connections failed"}]})")
                            .result;
  EXPECT_THAT(result.out,
              HasSubstr("LISTENER  ROUTE  PART  WEIGHT  FUSE   BECAUSE\n"
                        "front     rest   new        5  blown  20 of its 20 connections failed\n"));
}

TEST(Remote, AnExplanationMayFindNobody) {
  const Result result = ask_one({"explain", "--listener", "front"}, 200,
                                R"({"index":4,"listener":"front","client":null,"route":"default",
    "service":"pg","selector":"","policy":"hash","winner":null,
    "why":"the service has no instance","candidates":[]})")
                            .result;
  EXPECT_THAT(result.out, HasSubstr("client         -\n"));
  EXPECT_THAT(result.out, HasSubstr("goes to        nobody\n"
                                    "because        the service has no instance\n"));
}

TEST(Remote, EventsAreChangesAndNotes) {
  const Result result = ask_one({"events"}, 200, R"({"index":4,"next":"4","events":[
    {"at":"3","time":"T1","kind":"state","service":"pg","id":"a","from":"up","to":"down",
     "reason":"check: refused"},
    {"at":"3.1","time":"T2","kind":"reloaded","text":"2 changes"},
    {"at":"4","time":"T3","kind":"added","service":"pg","id":"b","from":"up","to":"up",
     "reason":"ok"}]})")
                            .result;
  EXPECT_EQ(result.out,
            "TIME  WHAT      INSTANCE  STATE       REASON\n"
            "T1    state     pg/a      up -> down  check: refused\n"
            "T2    reloaded  -         -           2 changes\n"
            "T3    added     pg/b      up          ok\n");
}

TEST(Remote, AReloadShowsWhatChangedAndWhatWaits) {
  const char* report = R"({"ok":true,"dry_run":false,"plan_version":9,"index":4,"problems":[],
    "changes":[{"kind":"added","path":"services[b]","before":"","after":"{}"},
               {"kind":"removed","path":"services[c]","before":"{}","after":""},
               {"kind":"changed","path":"log.level","before":"info","after":"debug"}],
    "needs_restart":["process.workers"]})";
  EXPECT_EQ(ask_one({"reload"}, 200, report).result.out,
            "+ services[b]: {}\n"
            "- services[c]: {}\n"
            "~ log.level: info -> debug\n"
            "! process.workers waits for a restart\n"
            "reloaded: 3 changes, plan 9, index 4\n");
}

TEST(Remote, ADryReloadSaysThatNothingWasDone) {
  const Result result = ask_one({"reload", "--dry-run"}, 200, R"({"ok":true,"dry_run":true,
    "changes":[{"kind":"changed","path":"log.level","before":"info","after":"debug"}]})")
                            .result;
  EXPECT_EQ(result.out, "~ log.level: info -> debug\nwould apply 1 change\n");
}

TEST(Remote, ARefusedReloadNamesTheProblemsAndFails) {
  const char* refusal = R"({"error":{"code":"invalid","message":"the configuration has 1 error"},
    "problems":[{"severity":"error","file":"pg.yaml","line":3,"column":7,
                 "path":"services[0].nmae","message":"unknown key"}]})";
  const Result result = ask_one({"reload"}, 400, refusal).result;
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "pg.yaml:3:7: services[0].nmae: error: unknown key\n"
            "sluice: the configuration has 1 error\n");
}

TEST(Remote, JsonIsPassedOnAsItIs) {
  EXPECT_EQ(ask_one({"services", "--json"}, 200, "{\"services\":  []}").result.out,
            "{\"services\":  []}\n");
  const Result refused =
      ask_one({"--json", "instances", "x"}, 404, R"({"error":{"message":"no such service"}})")
          .result;
  EXPECT_EQ(refused.code, kFailure);
  EXPECT_EQ(refused.out, "{\"error\":{\"message\":\"no such service\"}}\n");
  EXPECT_EQ(refused.err, "sluice: no such service\n");
}

TEST(Remote, AnAnswerThatIsNotTheApisIsAFailure) {
  for (const char* body : {"", "<html>", "[]", "3", "{\"a\":"}) {
    const Result result = ask_one({"status"}, 200, body).result;
    EXPECT_EQ(result.code, kFailure) << body;
    EXPECT_THAT(result.err, HasSubstr("is not what an admin API of sluice says")) << body;
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(ask_one({"status"}, 502, "<html>").result.err,
            "sluice: the admin API answered with status 502\n");
}

TEST(Remote, FieldsOfAnUnexpectedTypeAreShownAsMissing) {
  const Result result = ask_one({"services"}, 200, R"({"services":[3,{"service":["x"],
    "instances":[null,{"state":7,"connections":-1}]}]})")
                            .result;
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("-                2   0"));
}

TEST(Remote, NamesThatATerminalWouldObeyAreEscaped) {
  const Result result =
      ask_one({"instances", "pg"}, 200, R"({"instances":[{"id":"\u001b[2J","reason":"a\nb"}]})")
          .result;
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
  EXPECT_THAT(result.out, HasSubstr("\\x1b[2J"));
  EXPECT_THAT(result.out, HasSubstr("a\\nb"));
  const Result failed =
      ask_one({"status"}, 403, R"({"error":{"message":"\u001b]0;owned\u0007"}})").result;
  EXPECT_EQ(failed.err, "sluice: \\x1b]0;owned\\x07\n");
}

TEST(Remote, NobodyThereIsSaidWithTheWayOut) {
  const test::DeadEnd nobody;
  const Result result = run({"status", "--admin", nobody.address()});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.err, "sluice: cannot reach the admin API at " + nobody.address() +
                            ": connection refused (is sluice running? --admin ADDR or "
                            "SLUICE_ADMIN chooses another)\n");
}

TEST(Remote, AUnixSocketServesAsWell) {
  const test::TempDir directory;
  const std::string address = "unix:" + directory.path("admin.sock");
  FakeAdmin admin(200, kService, address);
  EXPECT_EQ(run({"instances", "pg", "--admin", address}).code, kOk);
  EXPECT_THAT(admin.request(), HasSubstr("Host: localhost\r\n"));

  const Result absent = run({"status", "--admin", "unix:" + directory.path("nobody.sock")});
  EXPECT_EQ(absent.code, kFailure);
  EXPECT_THAT(absent.err, HasSubstr("cannot reach the admin API at unix:"));
}

TEST(Remote, TheEnvironmentNamesTheAdminApiAndTheOptionComesFirst) {
  const test::DeadEnd nobody;
  FakeAdmin from_environment(200, "{}");
  ::setenv("SLUICE_ADMIN", from_environment.address().c_str(), 1);
  EXPECT_EQ(run({"services"}).code, kOk);
  EXPECT_EQ(run({"services", "--admin", nobody.address()}).code, kFailure);
  ::unsetenv("SLUICE_ADMIN");
}

TEST(Remote, TheEnvironmentHoldsTheSecretOfAToken) {
  ::setenv("SLUICE_TOKEN", "slu_0a1b", 1);
  for (const char* command : {"services", "reload"}) {
    EXPECT_THAT(ask_one({command}, 200, "{}").request,
                HasSubstr("\r\nAuthorization: Bearer slu_0a1b\r\n"));
  }
  ::setenv("SLUICE_TOKEN", "slu_0a1b\r\nX: y", 1);
  const Result odd = run({"services"});
  EXPECT_EQ(odd.code, kUsage);
  EXPECT_THAT(odd.err, StartsWith("sluice: SLUICE_TOKEN is not the secret of a token\n"));
  ::unsetenv("SLUICE_TOKEN");
  const Asked without = ask_one({"services"}, 401, R"({"error":{"message":"no token"}})");
  EXPECT_EQ(without.request.find("Authorization"), std::string::npos);
  EXPECT_EQ(without.result.err,
            "sluice: no token (the secret of a token is read from SLUICE_TOKEN)\n");
}

}  // namespace
}  // namespace sluice::cli
