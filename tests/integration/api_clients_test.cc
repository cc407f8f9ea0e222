// Clients that are none of ours, as people use them on the admin API: Python's standard library,
// curl and jq.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/invariants.h"
#include "tests/support/sluice.h"

namespace sluice::test {
namespace {

using testing::ElementsAreArray;

std::vector<std::string> python(const Sluice& sluice, const std::vector<std::string>& words) {
  std::vector<std::string> all = {find_program("python3"),
                                  SOURCE_DIR "/tests/integration/api_client.py",
                                  sluice.admin().address()};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

TEST(ApiClients, PythonGoesThroughEachKindOfRequest) {
  Sluice sluice({.instances = {}});
  Invariants invariants(sluice);
  const std::string times = std::to_string(size_of_run(100, 2000));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"steady", times}, {"once"}, {"waiting"}}) {
    const Finished client = run(python(sluice, words));
    EXPECT_TRUE(client.is_success()) << words.front() << ": " << client.errors;
  }
  invariants.expect_hold();
}

// Runs beside the test and writes down what it is told.
class Watch {
 public:
  Watch(const Sluice& sluice, const std::string& how)
      : process_({.arguments = python(sluice, {"watch", how}),
                  .output = files_.path("told"),
                  .errors = files_.path("errors")}) {}

  // True once these lines, and no others, have come since it was asked last.
  bool tells(const std::vector<std::string>& lines) {
    told_.insert(told_.end(), lines.begin(), lines.end());
    return eventually([&] { return told() == told_ || !process_.is_running(); }) && told() == told_;
  }
  std::vector<std::string> told() const {
    std::istringstream text(read_file(files_.path("told")));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  std::string errors() const { return read_file(files_.path("errors")); }

 private:
  TempDir files_;
  std::vector<std::string> told_;
  Process process_;
};

TEST(ApiClients, PythonWatchesOverGapsAndRestarts) {
  for (const std::string how : {"last-event-id", "since"}) {
    Sluice sluice({.instances = {}});
    Watch watch(sluice, how);
    const auto expect_told = [&](const std::vector<std::string>& lines) {
      EXPECT_TRUE(watch.tells(lines))
          << how << ": " << testing::PrintToString(watch.told()) << watch.errors();
    };
    const auto put = [&](const std::string& id, const std::string& body) {
      ASSERT_EQ(sluice.admin().put("/v1/services/s/instances/" + id, body).status, 200);
    };
    const auto remove = [&](const std::string& id) {
      ASSERT_EQ(sluice.admin().del("/v1/services/s/instances/" + id).status, 200);
    };
    expect_told({"snapshot"});
    put("a", R"({"address":"10.0.0.1:80"})");
    put("b", R"({"address":"10.0.0.2:80"})");
    put("b", R"({"address":"10.0.0.2:80","weight":5})");
    put("b/state", R"({"admin":"drain"})");
    put("b/state", R"({"admin":"ready"})");
    put("c", R"({"address":"10.0.0.3:80"})");
    remove("b");
    expect_told({"added a up", "added b up", "updated b up", "state b draining", "state b up",
                 "added c up", "removed b up"});
    sluice.kill();
    sluice.start();
    remove("a");
    expect_told({"snapshot", "removed a up"});
    put("d", R"({"address":"10.0.0.4:80"})");
    put("c/state", R"({"admin":"maint"})");
    expect_told({"added d up", "state c down"});
  }
}

// What jq makes of the answer that curl was given, without the last line end.
std::string filtered(const Sluice& sluice, const std::string& method, const std::string& target,
                     const std::string& body, const std::string& filter) {
  const Finished answer = run({find_program("bash"), "-uc",
                               R"(set -o pipefail
                                  "$0" -sS -X "$3" -H 'Content-Type: application/json' \
                                    -d "$5" "http://$2$4" | "$1" -cer "$6")",
                               find_program("curl"), find_program("jq"), sluice.admin().address(),
                               method, target, body, filter});
  EXPECT_TRUE(answer.is_success()) << method << " " << target << ": " << answer.errors;
  return answer.output.substr(0, answer.output.find_last_not_of('\n') + 1);
}

TEST(ApiClients, CurlAndJqReadWhatEachRequestAnswers) {
  Sluice sluice({.instances = {}});
  const std::string a = "/v1/services/s/instances/a";
  struct Exchange {
    std::string method, target, filter, told;
    std::string body = "";
  };
  const std::vector<Exchange> exchanges = {
      {"PUT", a + "?wait=applied", ".created", "true",
       R"({"address":"10.0.0.1:80","labels":{"role":"x"},"meta":{"say":"\"\\\u20ac</é"}})"},
      {"POST", "/v1/register", ".incarnation > 0", "true",
       R"({"service":"s","id":"b","address":"[2001:db8::1]:80","weight":0})"},
      {"PUT", a + "/heartbeat", "[.state, .reason]", R"(["up","ok"])", R"({"load":0.25})"},
      {"GET", "/v1/services", ".services[] | [.service, (.instances | length)]", R"(["s",2])"},
      {"GET", "/v1/services/s", R"(.instances[] | select(.verdict == "eligible") | [.id, .load])",
       R"(["a",0.25])"},
      {"GET", "/v1/services/s?selector=role%3Dx", ".instances[].meta.say | @json", R"("\"\\€</é")"},
      {"GET", "/v1/services/s/instance?client=10.9.9.9", ".id", "a"},
      {"GET", "/v1/explain?listener=front&client=10.9.9.9", ".candidates[] | [.id, .out]",
       R"(["a",null])"
       "\n"
       R"(["b","weight 0 takes nothing new"])"},
      {"GET", "/v1/connections", "[.total, .connections]", "[0,[]]"},
      {"GET", "/v1/status", ".phase", "ready"},
      {"GET", "/v1/config", ".config.listeners[].name", "front"},
      {"GET", "/v1/openapi.json", ".openapi", "3.1.0"},
      {"PUT", a + "/state", "[.admin, .state]", R"(["maint","down"])", R"({"admin":"maint"})"},
      {"POST", "/v1/reload?dry_run=true", "[.ok, .changes]", "[true,[]]"},
      {"DELETE", a, ".connections", "0"},
      {"GET", "/v1/events", "[.events[].kind]", R"(["added","added","state","removed"])"},
      {"DELETE", a, ".error.code", "unknown_instance"},
      {"PUT", a, ".error.code", "invalid", "{"},
      {"GET", "/v1/nothing", ".error.code", "not_found"},
      {"GET", "/v1/connections?limit=0", ".error | keys", R"(["code","message"])"},
  };
  for (const Exchange& each : exchanges) {
    EXPECT_EQ(filtered(sluice, each.method, each.target, each.body, each.filter), each.told)
        << each.method << " " << each.target;
  }
}

}  // namespace
}  // namespace sluice::test
