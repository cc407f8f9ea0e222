#include "config/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

using testing::with;
using testing::with_service;
using Kind = Difference::Kind;

Config config_of(const std::string& yaml) {
  const Loaded result = testing::load(yaml);
  EXPECT_TRUE(result.config) << ::testing::PrintToString(testing::lines(result));
  return result.config.value_or(Config{});
}

TEST(Yaml, IsReadBackAsAnEqualConfig) {
  const std::vector<std::string> files = {
      with(""),
      with("process: {workers: 3}\nlog: {level: off, target: /a b}\n"
           "admin: {bind: \"unix:/run/admin sock\", allowed_hosts: [\"[::1]\", null.example]}\n"),
      with("defaults:\n  timeouts: {max_age_jitter: 0.000001, idle: 1ms}\n  relay: {buffer: 4097}\n"
           "  tcp: {nodelay: false, keepalive: {count: 1}}\n"),
      with_service("    timeouts: {connect: 1500ms}\n    tcp: {keepalive: {idle: 0}}\n"
                   "    relay: {splice: off}\n    retry: {multiplier: 1.1}\n"),
      with_service("    check:\n      http:\n        status: [204, 200-299]\n"
                   "        body: \"$${HOME} $$${x} $ \\\"q\\\" \\\\ \\t\\n \\x7f \\u2028 \\x85 "
                   "\xf0\x9f\x98\x80 # : - \"\n"),
      with("") +
          "  - name: b\n    instances:\n"
          "      - {address: \"10.0.0.1:80\", zone: \"null\", labels: {yes: \"no\", \"1\": \"~\", "
          "a.b/c: \"\"},"
          " meta: {k: \" x \"}}\n      - \"unix:/run/a.sock\"\n      - \"[::1]:80\"\n",
  };
  for (const std::string& file : files) {
    const Config config = config_of(file);
    const std::string yaml = to_yaml(config);
    const Loaded again = testing::load(yaml);
    EXPECT_EQ(again.config, config) << yaml << ::testing::PrintToString(testing::lines(again));
  }
}

TEST(Yaml, SpellsOutDefaults) {
  const std::string yaml = to_yaml(config_of(with("")));
  for (const char* const line :
       {"\n  workers: auto\n", "\n    idle: 1h\n", "\n    splice: auto\n",
        "\n    multiplier: 2.0\n", "\n    buffer: 64KiB\n",
        "\n  - name: \"127.0.0.1:80\"\n    bind: [\"127.0.0.1:80\"]\n",
        "\n      - address: \"10.0.0.1:80\"\n        id: \"10.0.0.1:80\"\n        weight: 1\n"}) {
    EXPECT_NE(yaml.find(line), std::string::npos) << line << yaml;
  }
}

TEST(Yaml, LeavesOutWhatAListenerDoesNotSayItself) {
  const std::string yaml = to_yaml(config_of(with("")));
  EXPECT_EQ(yaml.find("timeouts:", yaml.find("\nlisteners:")), std::string::npos);
}

TEST(Json, HoldsTheSame) {
  const auto json = nlohmann::json::parse(to_json(config_of(with("process: {workers: 2}\n"))));
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["process"]["workers"], 2);
  EXPECT_EQ(json["process"]["max_connections"], "auto");
  EXPECT_EQ(json["defaults"]["timeouts"]["idle"], "1h");
  EXPECT_EQ(json["defaults"]["retry"]["multiplier"], 2.0);
  EXPECT_EQ(json["listeners"][0]["bind"], nlohmann::json::array({"127.0.0.1:80"}));
  EXPECT_EQ(json["services"][0]["instances"][0]["address"], "10.0.0.1:80");
}

TEST(Diff, IsEmptyBetweenEquals) {
  EXPECT_TRUE(diff(config_of(with("")), config_of(with(""))).empty());
}

TEST(Diff, NamesEveryChangedKey) {
  const auto differences =
      diff(config_of(with("process: {workers: 2}\n")),
           config_of(with("log: {level: debug}\n", "    check: {http: {status: [204]}}\n")));
  EXPECT_EQ(differences, (std::vector<Difference>{
                             {Kind::changed, "process.workers", "2", "auto"},
                             {Kind::changed, "log.level", "info", "debug"},
                             {Kind::changed, "services[a].check.http.status", "[200-299]", "[204]"},
                         }));
}

TEST(Diff, GoesByNamesAndIdsAndNotByPlaces) {
  const std::string listeners = "listeners:\n  - {name: l, bind: \"127.0.0.1:80\", service: a}\n";
  const Config before = config_of(listeners + R"(
services:
  - name: a
    instances: [{address: "10.0.0.1:80", id: x}, {address: "10.0.0.2:80", id: y}]
  - {name: b, instances: ["10.0.0.9:80"]}
)");
  const Config reordered = config_of(R"(
services:
  - {name: b, instances: ["10.0.0.9:80"]}
  - name: a
    instances: [{address: "10.0.0.2:80", id: y}, {address: "10.0.0.1:80", id: x}]
)" + listeners);
  EXPECT_TRUE(diff(before, reordered).empty());

  const Config after = config_of(R"(
listeners:
  - {name: l, bind: "127.0.0.1:80", service: a}
  - {name: m, bind: ["127.0.0.1:81", "[::1]:81"], service: c}
services:
  - name: c
    instances: ["10.0.0.8:80", "10.0.0.9:80"]
  - name: a
    instances: [{address: "10.0.0.3:80", id: z}, {address: "10.0.0.2:80", id: y, weight: 3, labels: {r: w}}]
)");
  EXPECT_EQ(diff(before, after),
            (std::vector<Difference>{
                {Kind::added, "listeners[m]", "", "[127.0.0.1:81, [::1]:81] -> c"},
                {Kind::removed, "services[a].instances[x]", "10.0.0.1:80", ""},
                {Kind::changed, "services[a].instances[y].weight", "1", "3"},
                {Kind::added, "services[a].instances[y].labels.r", "", "w"},
                {Kind::added, "services[a].instances[z]", "", "10.0.0.3:80"},
                {Kind::removed, "services[b]", "instances: 1", ""},
                {Kind::added, "services[c]", "", "instances: 2"},
            }));
}

TEST(Diff, ShowsWhatAListenerBeginsOrCeasesToSay) {
  const auto differences = diff(config_of(with_service("    timeouts: {connect: 1s}\n")),
                                config_of(with_service("    relay: {splice: off}\n")));
  EXPECT_EQ(differences, (std::vector<Difference>{
                             {Kind::removed, "services[a].timeouts.connect", "1s", ""},
                             {Kind::added, "services[a].relay.splice", "", "off"},
                         }));
}

TEST(Restart, IsNeededForWhatTheProcessIsBuiltOn) {
  EXPECT_TRUE(needs_restart("process.workers"));
  EXPECT_TRUE(needs_restart("admin.bind"));
  for (const char* const path : {"", "process", "process.max_connections", "log.level",
                                 "admin.limits.body", "services[a].check.type"}) {
    EXPECT_FALSE(needs_restart(path)) << path;
  }
}

}  // namespace
}  // namespace sluice::config
