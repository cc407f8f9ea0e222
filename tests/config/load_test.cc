#include "config/load.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/report.h"
#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

using testing::lines;
using testing::load;
using testing::with;
using testing::with_service;

Config loaded(const std::string& yaml) {
  const Loaded result = load(yaml);
  EXPECT_TRUE(result.config) << ::testing::PrintToString(lines(result));
  return result.config.value_or(Config{});
}

TEST(Load, FillsEveryKindOfKey) {
  const Config config = loaded(R"(
process: {workers: 4, max_connections: 1000, shutdown: {drain: 1.5m, spread: false}, busy_poll: false}
log: {level: debug, format: text, target: /var/log/sluice.log}
admin: {bind: "unix:/run/sluice.sock", allowed_hosts: [a.example, b.example], limits: {body: 2MiB}}
listeners:
  - {name: web, bind: ["127.0.0.1:80", "[::1]:80"], service: a, backlog: 10, access_log: false}
services:
  - name: a
    balance: {policy: maglev}
    check: {type: http, port: 8080, jitter: 0.25, http: {status: [204, 300-399]}}
    instances:
      - {address: "10.0.0.1:80", id: x, weight: 5, priority: 1, zone: z, labels: {role: web}, meta: {n: "1"}}
)");
  EXPECT_EQ(config.process.workers.count, 4u);
  EXPECT_EQ(config.process.max_connections.count, 1000u);
  EXPECT_EQ(config.process.shutdown.drain, 90s);
  EXPECT_FALSE(config.process.shutdown.spread);
  EXPECT_FALSE(config.process.busy_poll);
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.log.format, LogFormat::text);
  EXPECT_EQ(config.log.target, "/var/log/sluice.log");
  EXPECT_EQ(config.admin.bind, "unix:/run/sluice.sock");
  EXPECT_EQ(config.admin.allowed_hosts, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(config.admin.limits.body, Bytes{2u << 20});
  const Listener& listener = config.listeners.at(0);
  EXPECT_EQ(listener.name, "web");
  EXPECT_EQ(listener.bind, (std::vector<std::string>{"127.0.0.1:80", "[::1]:80"}));
  EXPECT_EQ(listener.backlog, 10u);
  EXPECT_FALSE(listener.access_log);
  const Service& service = config.services.at(0);
  EXPECT_EQ(service.balance.policy, Policy::maglev);
  EXPECT_EQ(service.check.type, CheckType::http);
  EXPECT_EQ(service.check.port, 8080);
  EXPECT_EQ(service.check.jitter, 0.25);
  EXPECT_EQ(service.check.http.status, (std::vector<StatusRange>{{204, 204}, {300, 399}}));
  const Instance instance{"10.0.0.1:80", "x", 5, 1, "z", {{"role", "web"}}, {{"n", "1"}}};
  EXPECT_EQ(service.instances, std::vector{instance});
}

TEST(Load, NamesListenersAndInstancesAfterTheirAddresses) {
  const Config config = loaded(R"(
listeners:
  - {bind: "[0:0::1]:80", service: a}
services:
  - {name: a, instances: ["[2001:DB8::0:1]:80", {address: "unix:/run/a.sock"}]}
)");
  EXPECT_EQ(config.listeners[0].bind, std::vector<std::string>{"[::1]:80"});
  EXPECT_EQ(config.listeners[0].name, "[::1]:80");
  EXPECT_EQ(config.services[0].instances[0].address, "[2001:db8::1]:80");
  EXPECT_EQ(config.services[0].instances[0].id, "[2001:db8::1]:80");
  EXPECT_EQ(config.services[0].instances[1].id, "unix:/run/a.sock");
}

TEST(Load, HandsDefaultsDownKeyByKey) {
  const Config config = loaded(R"(
services:
  - {name: a, instances: ["10.0.0.1:80"], check: {rise: 7, http: {path: /own}}}
  - {name: b, instances: ["10.0.0.1:80"]}
listeners:
  - {bind: "127.0.0.1:80", service: a, backlog: 5}
  - {bind: "127.0.0.1:81", service: b}
defaults:
  backlog: 100
  access_log: false
  check: {interval: 9s, rise: 4, http: {path: /all, status: [204]}}
)");
  EXPECT_EQ(config.listeners[0].backlog, 5u);
  EXPECT_EQ(config.listeners[1].backlog, 100u);
  EXPECT_FALSE(config.listeners[0].access_log);
  EXPECT_EQ(config.services[0].check.rise, 7u);
  EXPECT_EQ(config.services[0].check.interval, 9s);
  EXPECT_EQ(config.services[0].check.http.path, "/own");
  EXPECT_EQ(config.services[0].check.http.status, (std::vector<StatusRange>{{204, 204}}));
  EXPECT_EQ(config.services[1].check.rise, 4u);
  EXPECT_EQ(config.services[1].check.http.path, "/all");
}

TEST(Load, SpellsOutTheSharedDefaultsForBoth) {
  const Config config = loaded(with("defaults: {timeouts: {idle: 5m}, relay: {splice: off}}\n"));
  const TimeoutsSaid expected{2s, 5min, 1min, 10s, 0s, 0.1};
  EXPECT_EQ(config.listener_defaults.timeouts, expected);
  EXPECT_EQ(config.service_defaults.timeouts, expected);
  EXPECT_EQ(config.service_defaults.relay.splice, SpliceMode::off);
  EXPECT_EQ(config.listeners[0].timeouts, TimeoutsSaid{}) << "resolved when they are needed";
  EXPECT_EQ(config.services[0].relay, RelaySaid{});
}

TEST(Load, ReadsATextAsItsKeyWantsItQuotedOrNot) {
  const Config config =
      loaded(with_service("    check: {rise: \"4\", http: {body: no, host: 010}}\n"));
  EXPECT_EQ(config.services[0].check.rise, 4u);
  EXPECT_EQ(config.services[0].check.http.body, "no");
  EXPECT_EQ(config.services[0].check.http.host, "010");
}

TEST(Load, ReadsWhatACheckSaysAsYamlWritesBytes) {
  const Check check =
      loaded(
          with_service(R"y(    check: {type: send_expect, send: "PING\r\n\t\x01\\", expect: +PONG}
)y"))
          .services[0]
          .check;
  EXPECT_EQ(check.send, "PING\r\n\t\x01\\");
  EXPECT_EQ(check.expect, "+PONG");
}

TEST(Load, TakesEmptySectionsAndListsForWhatTheyAre) {
  EXPECT_EQ(loaded(with("log:\nadmin:\n  limits:\n  allowed_hosts:\ndefaults:\n")),
            loaded(with("")));
}

TEST(Load, TakesJsonAndOtherWaysToWriteTheSame) {
  const Config plain = loaded(with(""));
  EXPECT_EQ(loaded(R"({"listeners":[{"bind":"127.0.0.1:80","service":"a"}],)"
                   R"("services":[{"name":"a","instances":["10.0.0.1:80"]}]})"),
            plain);
  EXPECT_EQ(loaded("\xef\xbb\xbf%YAML 1.2\n---\n" + with("") + "...\n"), plain)
      << "a mark, a directive";
  std::string crlf;
  for (const char c : with("")) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(loaded(crlf), plain);
  std::string without_last_break = with("");
  without_last_break.pop_back();
  EXPECT_EQ(loaded(without_last_break), plain);
}

TEST(Load, KeepsTheConfigWhenThereAreOnlyWarnings) {
  const Loaded result = load(with("") + "  - {name: b, instances: [\"10.0.0.1:80\"]}\n");
  EXPECT_TRUE(result.config);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].severity, Severity::warning);
}

TEST(Load, GivesNoConfigWithAnyError) {
  const Loaded result = load(with("verison: 1\n"));
  EXPECT_FALSE(result.config);
  EXPECT_EQ(result.problems,
            (std::vector<Problem>{{Severity::error, "f", 1, 1, "verison",
                                   "unknown key \"verison\"; the nearest known one is"
                                   " \"version\""}}));
}

TEST(Load, TakesAnEnvironmentThatIsNone) {
  EXPECT_FALSE(load_text(with("log: {target: \"${X}\"}\n"), "f", {}).config);
  EXPECT_TRUE(load_text(with("log: {target: \"${X:-stdout}\"}\n"), "f", {}).config);
}

// Every way in which a file that is reloaded may be broken; each says so at a line.
TEST(Load, RefusesTwelveKindsOfBadFileWithALine) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"syntax", "listeners: [}\n"},
      {"unknown key", with("unknown: 1\n")},
      {"duplicate names", with("") + "  - {name: a, instances: [\"10.0.0.1:80\"]}\n"},
      {"port 70000", "listeners: [{bind: \"127.0.0.1:70000\", service: a}]\n"},
      {"weight -1",
       with("") + "  - {name: b, instances: [{address: \"10.0.0.1:80\", weight: -1}]}\n"},
      {"no servers", with("") + "  - {name: b, registration: false}\n"},
      {"an unset variable", with("log: {target: \"${UNSET}\"}\n")},
      {"binary", std::string("\x7f"
                             "ELF\x02\0\0\0",
                             8)},
      {"bad type", with("process: []\n")},
      {"missing service", "listeners: [{bind: \"127.0.0.1:80\", service: b}]\n"},
  };
  for (const auto& [what, yaml] : files) {
    const Loaded result = load(yaml);
    EXPECT_FALSE(result.config) << what;
    ASSERT_FALSE(result.problems.empty()) << what;
    EXPECT_GT(result.problems[0].line, 0u) << what;
  }
  EXPECT_EQ(lines(load(std::string(10'000'000, 'x'))),
            std::vector<std::string>{"f: error: larger than 4 MiB"});
  EXPECT_FALSE(load("").config) << "an empty file has no line";
}

TEST(Report, TellsOneFaultOnce) {
  Report report("f");
  report.add(Severity::error, {2, 1}, "a.b[0]", "first");
  report.add(Severity::error, {2, 1}, "a.b[0]", "again");
  report.add(Severity::error, {1, 1}, "a.b", "what holds it");
  report.add(Severity::error, {1, 1}, "a.bc", "another");
  report.add(Severity::warning, {1, 1}, "a.b[0].c", "below");
  report.close("x.y");
  report.add(Severity::error, {9, 1}, "x.y[3].z", "of what was not read");
  std::vector<std::string> messages;
  for (const Problem& problem : report.take()) messages.push_back(problem.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"another", "below", "first"}));
}

}  // namespace
}  // namespace sluice::config
