#include "registry/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using nlohmann::json;
using sample::at;
using sample::instance;
using sample::look;
using sample::service;
using sample::unchecked;

// The one instance of a registry that holds just this.
std::shared_ptr<const Instance> published(const config::Instance& said) {
  Registry registry("e1");
  registry.reconcile({unchecked(service("web", {said}))}, true, at(0));
  return *registry.snapshot()->find("web")->instances.begin();
}

TEST(InstanceJson, HasTheKeysOfTheApiInTheirOrder) {
  config::Instance said = instance("a", "10.0.0.1:5432", 3);
  said.priority = 1;
  said.zone = "z1";
  said.labels = {{"role", "primary"}};
  said.meta = {{"rack", "12"}};
  const auto a = published(said);
  a->live->load = 3;
  a->live->active = 2;
  EXPECT_EQ(instance_json(*a, 0),
            R"({"id":"a","address":"10.0.0.1","port":5432,"state":"up","reason":"ok",)"
            R"("admin":"ready","lease":"none","check":"none","outlier":"none","breaker":"none",)"
            R"("weight":3,"priority":1,"zone":"z1","labels":{"role":"primary"},)"
            R"("meta":{"rack":"12"},"version":"","protocol":"","incarnation":1,"connections":2,)"
            R"("source":"static","since":"2023-11-14T22:13:20.000Z","ttl_remaining":null,)"
            R"("ttl":null,"load":null,"verdict":"eligible"})");
}

TEST(InstanceJson, ShowsTheCheckThatItBroughtAlong) {
  Instance a = *published(instance("a", "10.0.0.1:80"));
  const std::string without = instance_json(a, 0);
  std::string why;
  a.own_check = *config::OwnCheck::parse(R"({"type": "http", "http": {"body": "\"\n"}})", why);
  EXPECT_EQ(instance_json(a, 0),
            without.substr(0, without.size() - 1) +
                R"(,"check_settings":{"type":"http","http":{"body":"\"\n"}}})");
}

TEST(InstanceJson, CountsConnectionsAsOfNow) {
  const auto a = published(instance("a", "10.0.0.1:80"));
  EXPECT_EQ(json::parse(instance_json(*a, 0))["connections"], 0);
  a->live->active = 7;
  EXPECT_EQ(json::parse(instance_json(*a, 0))["connections"], 7);
}

struct Addressed {
  const char* said;
  const char* address;
  int port;
};

TEST(InstanceJson, WritesEachFamilyOfAddress) {
  const Addressed table[] = {
      {"10.0.0.1:80", "10.0.0.1", 80},
      {"[2001:db8::1]:65535", "2001:db8::1", 65535},
      {"unix:/run/pg.sock", "unix:/run/pg.sock", 0},
  };
  for (const Addressed& row : table) {
    const json read = json::parse(instance_json(*published(instance("a", row.said)), 0));
    EXPECT_EQ(read["address"], row.address);
    EXPECT_EQ(read["port"], row.port);
  }
}

struct Moment {
  std::int64_t wall_ms;
  const char* text;
};

TEST(InstanceJson, WritesMomentsAsRfc3339) {
  const Moment table[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {951'827'696'789, "2000-02-29T12:34:56.789Z"},
      {1'735'689'599'007, "2024-12-31T23:59:59.007Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
  };
  Instance a = *published(instance("a", "10.0.0.1:80"));
  for (const Moment& row : table) {
    a.since_ms = row.wall_ms;
    EXPECT_EQ(json::parse(instance_json(a, 0))["since"], row.text);
  }
}

TEST(InstanceJson, SaysEachInputBesideTheEffectiveState) {
  Registry registry("e1");
  config::Service web = service("web", sample::instances(2));
  web.outlier.keep_at_least = 0;
  registry.reconcile({web}, true, at(0));
  const auto live = sample::live(registry, "web", "i0");
  registry.checked(*live, sample::kRefused, at(1));
  registry.failed(*live, {5, 0}, at(1));
  registry.set_admin("web", "i0", Admin::drain, "", at(1));
  const json read = json::parse(instance_json(*look(registry, "web", "i0"), 0));
  EXPECT_EQ(read["state"], "down");
  EXPECT_EQ(read["reason"], "check: connection refused");
  EXPECT_EQ(read["admin"], "drain");
  EXPECT_EQ(read["check"], "down");
  EXPECT_EQ(read["outlier"], "ejected");
}

// The ejection is the worst of the inputs, and what is left of them decides what it is good for.
TEST(InstanceJson, SaysWhatABalancerMayDoWithIt) {
  const struct {
    const char* situation;
    Admin admin;
    State status;  // its own word
    std::uint32_t weight;
    std::uint32_t failures;
    const char *state, *verdict;
  } rows[] = {
      {"nothing is wrong", Admin::ready, State::up, 1, 0, "up", "eligible"},
      {"no weight", Admin::ready, State::up, 0, 0, "up", "never"},
      {"drained", Admin::drain, State::up, 1, 0, "draining", "never"},
      {"ejected", Admin::ready, State::up, 1, 5, "down", "last_resort"},
      {"ejected, and drained", Admin::drain, State::up, 1, 5, "down", "never"},
      {"ejected, and draining by its own word", Admin::ready, State::draining, 1, 5, "down",
       "never"},
      {"ejected, and warming by its own word", Admin::ready, State::warming, 1, 5, "down", "never"},
  };
  for (const auto& row : rows) {
    Registry registry("e1");
    registry.reconcile({unchecked(service("web", {instance("b", "10.0.0.2:80")}))}, true, at(0));
    std::string why;
    Registration said;
    said.service = "web";
    said.id = "a";
    said.address = *config::Endpoint::parse("10.0.0.1:80", why);
    said.weight = row.weight;
    said.status = row.status;
    registry.enroll(said, false, at(0));
    registry.failed(*sample::live(registry, "web", "a"), {row.failures, 0}, at(1));
    registry.set_admin("web", "a", row.admin, "", at(1));
    const json read = json::parse(instance_json(*look(registry, "web", "a"), 1));
    EXPECT_EQ(read["state"], row.state) << row.situation;
    EXPECT_EQ(read["verdict"], row.verdict) << row.situation;
  }
}

TEST(InstanceJson, ReplacesBytesThatAreNoUtf8) {
  Instance a = *published(instance("a", "10.0.0.1:80"));
  a.zone = "z\xff\xfe!";
  a.labels = config::Labels{{"k\xc3", "\xe2\x82"}};
  a.effective.reason = "check: \"caf\xc3\xa9\"\n\x01";
  const json read = json::parse(instance_json(a, 0));
  EXPECT_EQ(read["zone"], "z\uFFFD\uFFFD!");
  EXPECT_EQ(read["labels"]["k\uFFFD"], "\uFFFD");
  EXPECT_EQ(read["reason"], "check: \"caf\u00e9\"\n\x01") << "good text stays as it is";
}

TEST(InstanceJson, TellsOfTheLeaseAndTheReportedLoad) {
  Instance a = *published(instance("a", "10.0.0.1:80"));
  a.ttl_ms = 90'000;
  a.live->lease_ends_ms = 100'000;
  a.live->reported_load = 0.75;
  const struct {
    std::uint64_t now_ms;
    const char* remaining;
  } table[] = {{10'000, "90s"},   {10'500, "89.5s"}, {99'988, "0.012s"},
               {99'990, "0.01s"}, {100'000, "0s"},   {200'000, "0s"}};
  for (const auto& row : table) {
    const json read = json::parse(instance_json(a, row.now_ms));
    EXPECT_EQ(read["ttl_remaining"], row.remaining);
    EXPECT_EQ(read["ttl"], "90s");
    EXPECT_EQ(read["load"], 0.75);
  }
}

TEST(ServiceJson, CarriesTheIndexAndTheEpoch) {
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(2)), service("pg", {})}, true, at(0));
  const auto snapshot = registry.snapshot();
  const json web = json::parse(service_json(*snapshot, *snapshot->find("web"), {}, 0));
  EXPECT_EQ(web["service"], "web");
  EXPECT_EQ(web["index"], 3) << "of its own last change";
  EXPECT_EQ(web["epoch"], "e1");
  ASSERT_EQ(web["instances"].size(), 2u);
  EXPECT_EQ(web["instances"][1]["id"], "i1");
  EXPECT_EQ(web["instances"][1], json::parse(instance_json(*snapshot->find("web")->find("i1"), 0)));
  EXPECT_EQ(service_json(*snapshot, *snapshot->find("pg"), {}, 0),
            R"({"service":"pg","index":1,"epoch":"e1","instances":[]})");
}

TEST(ServicesJson, HoldsEveryServiceByName) {
  Registry registry("e1");
  EXPECT_EQ(services_json(*registry.snapshot(), "", {}, 0),
            R"({"index":0,"epoch":"e1","services":[]})");
  registry.reconcile({service("web", sample::instances(1)), service("pg", {})}, true, at(0));
  const auto snapshot = registry.snapshot();
  const json all = json::parse(services_json(*snapshot, "", {}, 0));
  EXPECT_EQ(all["index"], 2);
  EXPECT_EQ(all["epoch"], "e1");
  ASSERT_EQ(all["services"].size(), 2u);
  for (const json& each : all["services"]) {
    const Service* service = snapshot->find(each["service"].get<std::string>());
    ASSERT_NE(service, nullptr);
    EXPECT_EQ(each, json::parse(service_json(*snapshot, *service, {}, 0)));
  }
  EXPECT_EQ(all["services"][0]["service"], "pg");
}

TEST(ServicesJson, HoldsTheOneThatIsAskedFor) {
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(1)), service("pg", {})}, true, at(0));
  const auto snapshot = registry.snapshot();
  const json one = json::parse(services_json(*snapshot, "web", {}, 0));
  EXPECT_EQ(one["index"], 2);
  ASSERT_EQ(one["services"].size(), 1u);
  EXPECT_EQ(one["services"][0]["service"], "web");
  EXPECT_EQ(json::parse(services_json(*snapshot, "mysql", {}, 0))["services"], json::array());
}

TEST(ServiceJson, LeavesOutWhatTheFilterDoesNotHold) {
  Registry registry("e1");
  config::Instance primary = instance("a", "10.0.0.1:80");
  primary.labels = {{"role", "primary"}};
  registry.reconcile({unchecked(service("web", {primary, instance("b", "10.0.0.2:80")}))}, true,
                     at(0));
  registry.set_admin("web", "b", Admin::maint, "", at(1));
  const auto ids = [&](const char* selector, std::optional<State> state) {
    config::SelectorProblem problem;
    const Filter filter{*config::Selector::parse(selector, problem), state};
    const auto snapshot = registry.snapshot();
    const json web = json::parse(service_json(*snapshot, *snapshot->find("web"), filter, 0));
    std::string all;
    for (const json& each : web["instances"]) all += each["id"].get<std::string>();
    return all;
  };
  EXPECT_EQ(ids("", {}), "ab");
  EXPECT_EQ(ids("role=primary", {}), "a");
  EXPECT_EQ(ids("!role", {}), "b");
  EXPECT_EQ(ids("", State::up), "a");
  EXPECT_EQ(ids("", State::down), "b");
  EXPECT_EQ(ids("role", State::down), "");
}

TEST(ChangeJson, TellsWhatChangedAndWhatBecameOfIt) {
  Registry registry("e1");
  registry.reconcile({unchecked(service("web", {instance("a", "10.0.0.1:80")}))}, true, at(0));
  registry.take_changes();
  registry.set_admin("web", "a", Admin::drain, "disk", at(5));
  const Change change = registry.take_changes().front();
  const std::string text = change_json(change, 0);
  const std::string lead =
      R"({"index":2,"time":"2023-11-14T22:13:20.005Z","kind":"state","service":"web","id":"a",)"
      R"("incarnation":1,"from":"up","to":"draining","reason":"admin: drain: disk","instance":)";
  EXPECT_EQ(text, lead + instance_json(*change.instance, 0) + "}");
}

// Whoever keeps a page and compares it with the next one relies on its bytes.
TEST(ServicesJson, IsInTheOneFormThatTheLibraryWouldWrite) {
  Registry registry("e\"1");
  config::Instance odd = instance("a\\b", "[2001:db8::1]:80");
  odd.zone = "caf\u00e9\x1f\x7f";
  odd.labels = {{"a b", "/"}, {"\"", "\n"}, {"z", ""}};
  odd.meta = {{"\U0001F600", "\t"}};
  registry.reconcile({unchecked(service("web", {odd, instance("c", "10.0.0.1:80")}))}, true, at(0));
  const std::string page = services_json(*registry.snapshot(), "", {}, 0);
  EXPECT_EQ(page, nlohmann::ordered_json::parse(page).dump());
}

}  // namespace
}  // namespace sluice::registry
