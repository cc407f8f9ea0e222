#include "proxy/cli/instance_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/proxy/cli/running.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

struct Said {
  Result result;
  std::string request_line;
  std::string body;
};

// Says it to a proxy that answers like this.
Said say(std::vector<std::string> arguments, int status, const std::string& answer) {
  FakeAdmin admin(status, answer);
  arguments.insert(arguments.begin(), {"--admin", admin.address()});
  const Result result = run(arguments);
  const std::string request = admin.request();
  return {result, request.substr(0, request.find("\r\n")),
          request.substr(request.find("\r\n\r\n") + 4)};
}

constexpr const char* kRegistered =
    R"({"service":"pg","id":"a","incarnation":7,"ttl":"30s","created":true,"state":"warming"})";

TEST(InstanceCommands, EachMakesItsRequest) {
  struct Row {
    std::vector<std::string> arguments;
    const char* request_line;
    const char* body;
  };
  for (const Row& row : {
           Row{{"register", "pg", "--address", "10.0.0.1:80"},
               "POST /v1/register HTTP/1.1",
               R"({"service":"pg","address":"10.0.0.1:80"})"},
           Row{{"register", "pg", "--address", "[::1]:80", "--id", "a b", "--wait", "--create"},
               "PUT /v1/services/pg/instances/a%20b?wait=applied&create=true HTTP/1.1",
               R"({"address":"[::1]:80"})"},
           Row{{"register",   "pg",
                "--address",  "10.0.0.1:80",
                "--id",       "a",
                "--weight",   "0",
                "--priority", "2",
                "--zone",     "z1",
                "--label",    "role=primary",
                "--label",    "x=[a=b]",
                "--meta",     "team=",
                "--version",  "1.2",
                "--protocol", "pgsql",
                "--ttl",      "0s",
                "--check",    R"({"type": "http", "http": {"status": ["204"]}})"},
               "PUT /v1/services/pg/instances/a HTTP/1.1",
               R"({"address":"10.0.0.1:80","weight":0,"priority":2,"zone":"z1",
                   "labels":{"role":"primary","x":"[a=b]"},"meta":{"team":""},"version":"1.2",
                   "protocol":"pgsql","ttl":"0s",
                   "check":{"type":"http","http":{"status":["204"]}}})"},
           Row{{"deregister", "pg", "a"}, "DELETE /v1/services/pg/instances/a HTTP/1.1", ""},
           Row{{"deregister", "pg", "a", "--drain", "1.5s", "--wait", "--incarnation", "7"},
               "DELETE /v1/services/pg/instances/a?drain=1500ms&wait=true&incarnation=7 HTTP/1.1",
               ""},
           Row{{"drain", "pg", "a", "--reason", "deploy \"2\""},
               "PUT /v1/services/pg/instances/a/state HTTP/1.1",
               R"({"admin":"drain","reason":"deploy \"2\""})"},
           Row{{"maint", "pg", "a"},
               "PUT /v1/services/pg/instances/a/state HTTP/1.1",
               R"({"admin":"maint"})"},
           Row{{"ready", "pg", "a"},
               "PUT /v1/services/pg/instances/a/state HTTP/1.1",
               R"({"admin":"ready"})"},
           Row{{"heartbeat", "pg", "a"},
               "PUT /v1/services/pg/instances/a/heartbeat HTTP/1.1",
               "{}"},
           Row{{"heartbeat", "pg", "a", "--weight", "5", "--load", "0.25", "--status", "up",
                "--incarnation", "7"},
               "PUT /v1/services/pg/instances/a/heartbeat HTTP/1.1",
               R"({"weight":5,"load":0.25,"status":"up","incarnation":7})"},
       }) {
    const Said said = say(row.arguments, 200, "{}");
    EXPECT_EQ(said.result.code, kOk) << said.result.err;
    EXPECT_EQ(said.request_line, row.request_line);
    if (*row.body == '\0') {
      EXPECT_EQ(said.body, "");
    } else {
      EXPECT_EQ(json::parse(said.body), json::parse(row.body)) << said.body;
    }
  }
}

TEST(InstanceCommands, TellWhatCameOfItInOneLine) {
  struct Row {
    std::vector<std::string> arguments;
    const char* answer;
    const char* line;
  };
  const char* renewed =
      R"({"service":"pg","id":"a","incarnation":7,"ttl":"0s","created":false,"state":"up"})";
  for (const Row& row : {
           Row{{"register", "pg", "--address", "10.0.0.1:80"},
               kRegistered,
               "registered pg/a: warming, incarnation 7, ttl 30s\n"},
           Row{{"register", "pg", "--address", "10.0.0.1:80"},
               renewed,
               "renewed pg/a: up, incarnation 7, ttl 0s\n"},
           Row{{"deregister", "pg", "a"},
               R"({"connections":0,"incarnation":7})",
               "deregistered pg/a: no connections left\n"},
           Row{{"deregister", "pg", "a"},
               R"({"connections":1,"incarnation":7})",
               "deregistered pg/a: 1 connection left\n"},
           Row{{"drain", "pg", "a"},
               R"({"admin":"drain","state":"draining","reason":"admin: drain"})",
               "pg/a is draining (admin: drain)\n"},
           Row{{"heartbeat", "pg", "a"},
               R"({"state":"up","reason":"ok","connections":3,"weight":5,"ttl_remaining":"30s"})",
               "pg/a is up (ok): 3 connections, weight 5, lease ends in 30s\n"},
           Row{{"heartbeat", "pg", "a"},
               R"({"state":"up","reason":"ok","connections":3,"weight":5,"ttl_remaining":null})",
               "pg/a is up (ok): 3 connections, weight 5\n"},
       }) {
    const Result result = say(row.arguments, 200, row.answer).result;
    EXPECT_EQ(result.code, kOk) << result.err;
    EXPECT_EQ(result.out, row.line);
    EXPECT_EQ(result.err, "");
  }
}

TEST(InstanceCommands, JsonIsPassedOnAsItIs) {
  const Result result =
      say({"register", "pg", "--address", "10.0.0.1:80", "--json"}, 200, kRegistered).result;
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(result.out, std::string(kRegistered) + "\n");
}

TEST(InstanceCommands, ARefusalIsToldInTheServersWordsAndFails) {
  const Result result = say({"deregister", "pg", "a"}, 409,
                            R"({"error":{"code":"static_instance","message":"a is static"}})")
                            .result;
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "sluice: a is static\n");
}

TEST(InstanceCommands, WhatATerminalWouldObeyIsEscaped) {
  const Result result = say({"register", "p\x1bg", "--address", "10.0.0.1:80"}, 200,
                            R"({"service":"p\u001bg","id":"a","state":"\u0007"})")
                            .result;
  EXPECT_THAT(result.out, StartsWith("renewed p\\x1bg/a: \\x07"));
}

TEST(InstanceCommands, ACheckThatCanNeverBeRightIsNotSent) {
  const std::pair<const char*, const char*> cases[] = {
      {"type: http", "check: is no valid JSON"},
      {R"({"rise": 0})", "check.rise: 0 is below 1"},
  };
  for (const auto& [said, why] : cases) {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"register", "pg", "--address", "10.0.0.1:80"},
          {"exec", "--service", "pg", "--port", "80"}}) {
      std::vector<std::string> arguments = command;
      arguments.insert(arguments.end(), {"--check", said});
      const Result result = run(arguments);
      EXPECT_NE(result.code, kOk);
      EXPECT_THAT(result.err, HasSubstr(why));
    }
  }
}

TEST(ExecCommand, HelpSaysWhereTheProgramStands) {
  const Result result = run({"exec", "--help"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(result.out, HasSubstr("follows --"));
  EXPECT_THAT(result.out, HasSubstr("--drain TIME"));
}

}  // namespace
}  // namespace sluice::cli
