// What a listener's routes may say, and what their mistakes are told as.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load.h"
#include "config/render.h"
#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;

// A listener with these keys in place of a service, and the services "a" and "b".
std::string listener_with(const std::string& keys) {
  return "listeners:\n"
         "  - {name: l, bind: \"127.0.0.1:80\", " +
         keys +
         "}\n"
         "services:\n"
         "  - {name: a, instances: [\"10.0.0.1:80\"]}\n"
         "  - {name: b, instances: [\"10.0.0.2:80\"]}\n";
}

std::string routes_of(const std::string& list) {
  return listener_with("routes: [" + list + "]");
}

TEST(Routes, AreReadInOrderAndNamedAfterTheirPlaces) {
  const Loaded loaded = testing::load(routes_of(
      R"({source: [10.0.0.0/8, "2001:db8::/32"], service: b, selector: "x=1"}, {name: lan, source: [192.0.2.1], service: a}, {split: [{service: a, weight: 95}, {service: b, weight: 5, fuse: {window: 10s}}, {name: b2, service: b, selector: y, weight: 0}]})"));
  ASSERT_TRUE(loaded.config) << ::testing::PrintToString(testing::lines(loaded));
  EXPECT_TRUE(loaded.problems.empty());
  Fuse fuse;
  fuse.window = 10s;
  const std::vector<Route> expected = {
      {.name = "0",
       .source = {"10.0.0.0/8", "2001:db8::/32"},
       .service = "b",
       .selector = "x=1",
       .split = {}},
      {.name = "lan", .source = {"192.0.2.1"}, .service = "a", .selector = "", .split = {}},
      {.name = "default",
       .source = {},
       .service = "",
       .selector = "",
       .split = {{"a", "a", "", 95, {}}, {"b", "b", "", 5, fuse}, {"b2", "b", "y", 0, {}}}}};
  EXPECT_EQ(loaded.config->listeners.at(0).routes, expected);
  EXPECT_EQ(testing::load(to_yaml(*loaded.config)).config, loaded.config);
  std::vector<std::string> targets;
  for (const Target& each : targets_of(loaded.config->listeners[0])) {
    targets.push_back(std::string(each.service) + "/" + std::string(each.selector));
  }
  EXPECT_THAT(targets, ElementsAre("b/x=1", "a/", "a/", "b/", "b/y"));
}

TEST(Routes, WithMistakesAreRefused) {
  const std::string at = "listeners[0].routes";
  const std::string used = "{source: [10.0.0.0/8], service: b}, ";  // so that "b" is used
  const struct {
    std::string yaml, path, message;
  } rows[] = {
      {listener_with("service: a, routes: [{service: b}]"), at,
       "stands beside \"service\"; write one of them: a last route without conditions takes all "
       "that is left"},
      {listener_with("selector: x, routes: [{split: [{service: a}, {service: b}]}]"),
       "listeners[0].selector", "stands beside \"routes\", which have selectors of their own"},
      {listener_with("routes: []"), "listeners[0].service",
       "a listener needs the name of a service"},
      {routes_of("{service: a}, {source: [10.0.0.0/8], service: b}"), at + "[0]",
       "takes everybody, so what stands behind it is never reached; it must be the last, or say a "
       "source"},
      {routes_of("{service: a}, {service: b}"), at + "[0]",
       "takes everybody, so what stands behind it is never reached; it must be the last, or say a "
       "source"},
      {routes_of(used + "{name: \"0\", service: a}"), at + "[1].name",
       "another route of the listener has the name \"0\""},
      {routes_of(used + "{name: \"a b\", service: a}"), at + "[1].name",
       "\"a b\" is not a name made of letters, digits and _.:@+~-"},
      {routes_of(used + "{service: c}"), at + "[1].service",
       "there is no service \"c\"; the nearest is \"a\""},
      {routes_of(used + "{selector: x}"), at + "[1].service",
       "a route needs the name of a service"},
      {routes_of(used + "{service: a, selector: \"=\"}"), at + "[1].selector",
       "at byte 1: expected a label's key, found \"=\""},
      {routes_of(used + "{source: [10.0.0.1/8], service: a}"), at + "[1].source[0]",
       "\"10.0.0.1/8\" has bits set below the prefix; the prefix is 10.0.0.0/8"},
      {routes_of(used + "{service: a, split: [{service: a}]}"), at + "[1].split",
       "stands beside \"service\"; write one of them"},
      {routes_of(used + "{selector: x, split: [{service: a}]}"), at + "[1].selector",
       "stands beside \"split\", whose parts have selectors of their own"},
      {routes_of("{split: [{service: a}, {service: c}, {service: b}]}"),
       at + "[0].split[1].service", "there is no service \"c\"; the nearest is \"a\""},
      {routes_of("{split: [{service: a}, {service: b}, {weight: 1}]}"), at + "[0].split[2].service",
       "a part of a split needs the name of a service"},
      {routes_of("{split: [{service: a}, {service: b}, {service: b, selector: x}]}"),
       at + "[0].split[2].name",
       "another part of the split has the name \"b\"; give it one of its own"},
      {routes_of("{split: [{service: a, weight: 0}, {service: b, weight: 0}]}"), at + "[0].split",
       "every part has the weight 0: nobody would take a connection"},
      {routes_of("{split: [{service: a, weight: 65536}, {service: b}]}"),
       at + "[0].split[0].weight", "65536 is above 65535"},
      {routes_of("{split: [{service: a, weight: 0}, {service: b, fuse: {}}]}"),
       at + "[0].split[1].fuse",
       "needs another part with a weight, to take what this one gives up"},
      {routes_of("{split: [{service: a}, {service: b, fuse: {factor: 1}}]}"),
       at + "[0].split[1].fuse.factor", "must be above 1"},
      {routes_of("{split: [{service: a}, {service: b, fuse: {factor: 11}}]}"),
       at + "[0].split[1].fuse.factor", "11.0 is above 10.0"},
      {routes_of("{split: [{service: a}, {service: b, fuse: {min_connections: 0}}]}"),
       at + "[0].split[1].fuse.min_connections", "0 is below 1"},
      {routes_of("{split: [{service: a}, {service: b, fuse: {window: 10ms}}]}"),
       at + "[0].split[1].fuse.window", "10ms is below 1s"},
      {routes_of(used + "{sni: [a.example], service: a}"), at + "[1].sni",
       "\"sni\" is not available in this version"},
      {"defaults: {routes: []}\n" + listener_with("routes: [" + used + "{service: a}]"),
       "defaults.routes",
       "\"routes\" has no default; it stands on each listener or service itself"},
  };
  for (const auto& row : rows) {
    const Loaded loaded = testing::load(row.yaml);
    EXPECT_FALSE(loaded.config) << row.yaml;
    EXPECT_EQ(loaded.problems.size(), 1u)
        << row.yaml << ::testing::PrintToString(testing::lines(loaded));
    EXPECT_EQ(loaded.problems[0].path, row.path) << row.yaml;
    EXPECT_EQ(loaded.problems[0].message, row.message) << row.yaml;
  }
}

TEST(Routes, ThatLeadBackToTheListenerAreACircle) {
  const Loaded loaded = testing::load(R"(listeners:
  - {name: l, bind: "127.0.0.1:80", routes: [{source: [10.0.0.0/8], service: a}, {split: [{service: a}, {service: b}]}]}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
  - {name: b, instances: ["127.0.0.1:80"]}
)");
  EXPECT_THAT(
      testing::lines(loaded),
      ElementsAre("f:5:27: services[1].instances[0].address: error: \"127.0.0.1:80\" is the "
                  "listener \"l\": connections would go round for ever"));
}

TEST(Routes, OfAReloadAreComparedByName) {
  const auto changes = [](const std::string& before, const std::string& after) {
    std::vector<std::string> texts;
    for (const Difference& each :
         diff(*testing::load(before).config, *testing::load(after).config)) {
      texts.push_back(each.path + ": " + each.before + " -> " + each.after);
    }
    return texts;
  };
  const std::string x = "{name: x, source: [10.0.0.0/8], service: a}";
  const std::string y = "{name: y, source: [10.1.0.0/16], service: b}";
  const std::string rest = ", {split: [{service: a, weight: 95}, {service: b, weight: 5}]}";
  EXPECT_THAT(changes(routes_of(x + rest), routes_of(y + ", " + x + rest)),
              ElementsAre("listeners[l].routes[y]:  -> [10.1.0.0/16] -> b"));
  EXPECT_THAT(changes(routes_of(x + ", " + y), routes_of(y + ", " + x)),
              ElementsAre("listeners[l].routes: [x, y] -> [y, x]"));
  EXPECT_THAT(
      changes(routes_of("{split: [{service: a, weight: 95}, {service: b, weight: 5}]}"),
              routes_of("{split: [{service: a, weight: 50}, {service: b, weight: 5, fuse: {}}]}")),
      ElementsAre("listeners[l].routes[default].split[a].weight: 95 -> 50",
                  "listeners[l].routes[default].split[b].fuse.factor:  -> 3.0",
                  "listeners[l].routes[default].split[b].fuse.min_connections:  -> 20",
                  "listeners[l].routes[default].split[b].fuse.window:  -> 1m"));
  EXPECT_THAT(
      changes(listener_with("service: a"), routes_of(x + rest)),
      ElementsAre("listeners[l].service: a -> ", "listeners[l].routes[x]:  -> [10.0.0.0/8] -> a",
                  "listeners[l].routes[default]:  -> [] -> split: 2"));
}

}  // namespace
}  // namespace sluice::config
