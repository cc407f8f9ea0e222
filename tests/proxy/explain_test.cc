#include "proxy/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/registry/sample.h"

namespace sluice {
namespace {

using config::ProxyAccept;
using registry::sample::at;
using testing::ElementsAreArray;

class Explains : public testing::Test {
 protected:
  Explains() {
    config_.services = {registry::sample::unchecked(
        registry::sample::service("web", registry::sample::instances(2)))};
    config_.services[0].balance.policy = config::Policy::first;
    registry_.reconcile(config_.services, true, at(0));
  }
  admin::Explanation explained(const config::Listener& said, const std::string& client) {
    config_.listeners = {said};
    config_.listeners[0].name = "front";
    config_.listeners[0].service = "web";
    return explain_listener("front", client).value();
  }
  std::optional<admin::Explanation> explain_listener(const std::string& name,
                                                     const std::string& client) {
    return explain(
        config_, *registry_.snapshot(), {}, [this](const std::string&) { return crowd_; }, name,
        client);
  }

  config::Config config_;
  registry::Registry registry_{"e1"};
  Crowd crowd_;
};

TEST_F(Explains, WhoWinsAndWhyNobodyElseDoes) {
  registry_.set_admin("web", "i0", registry::Admin::drain, "", at(1));
  const admin::Explanation told = explained({}, "10.9.9.9");
  EXPECT_EQ(told.winner, "i1");
  EXPECT_EQ(told.why, "the first in order of ids");
  EXPECT_EQ(told.refused, "");
  EXPECT_TRUE(told.notes.empty());
  ASSERT_EQ(told.candidates.size(), 2u);
  EXPECT_EQ(told.candidates[0].out, "admin: drain");
  EXPECT_EQ(told.candidates[1].out, "");
  EXPECT_FALSE(explain_listener("back", ""));
}

TEST_F(Explains, WhoHasNoRoomAndWhoWaits) {
  const struct {
    const char* what;
    std::uint32_t limits[2];  // of the two instances, which have 2 connections each
    config::ServiceLimits service;
    Crowd crowd;
    std::vector<std::string> out;
    std::string winner, why;
  } rows[] = {
      {"one is full",
       {2, 3},
       {},
       {4, 0},
       {"at its limit of 2", ""},
       "i1",
       "the first in order of ids"},
      {"both are full",
       {2, 1},
       {},
       {4, 7},
       {"at its limit of 2", "at its limit of 1"},
       "",
       "every instance is at its limit; it would wait, with 7 before it"},
      {"the service is full",
       {9, 9},
       {.connections = 4},
       {4, 0},
       {"", ""},
       "",
       "the service is at its limit of 4 connections; it would wait, with 0 before it"},
      {"the queue, too",
       {9, 9},
       {.connections = 4, .queue = 3},
       {4, 3},
       {"", ""},
       "",
       "the service is at its limit of 4 connections, and the queue is full, with 3 clients"},
      {"there is no queue",
       {9, 9},
       {.connections = 4, .queue = 0},
       {4, 0},
       {"", ""},
       "",
       "the service is at its limit of 4 connections, and nobody may wait"},
      {"others wait",
       {9, 9},
       {.connections = 4},
       {3, 1},
       {"", ""},
       "",
       "others came first; it would wait, with 1 before it"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    config_.services[0].limits = row.service;
    crowd_ = row.crowd;
    const auto snapshot = registry_.snapshot();
    for (std::size_t i = 0; i < 2; ++i) {
      registry::Live& live = *snapshot->find("web")->find(i == 0 ? "i0" : "i1")->live;
      live.load = 2;
      live.limit = row.limits[i];
    }
    const admin::Explanation told = explained({}, "10.9.9.9");
    EXPECT_EQ(told.winner, row.winner);
    EXPECT_EQ(told.why, row.why);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(told.candidates[i].out, row.out[i]);
  }
}

TEST_F(Explains, WhoseZoneIsPreferred) {
  config_.registry.zone = "z1";
  config_.services[0].instances[1].zone = "z1";
  registry_.reconcile(config_.services, false, at(1));
  EXPECT_EQ(explained({}, "").winner, "i0") << "until it is asked for";

  config::ZoneRule& zone = config_.services[0].balance.zone;
  zone.prefer_local = true;
  const admin::Explanation preferred = explained({}, "");
  EXPECT_EQ(preferred.winner, "i1");
  EXPECT_EQ(preferred.candidates[0].out, "zone z1 is preferred");
  EXPECT_EQ(preferred.candidates[1].out, "");
  EXPECT_TRUE(preferred.notes.empty());

  zone.min_local = 2;
  const admin::Explanation all = explained({}, "");
  EXPECT_EQ(all.winner, "i0");
  EXPECT_EQ(all.candidates[0].out, "");
  EXPECT_THAT(all.notes,
              testing::ElementsAre("all zones are taken: 1 eligible in z1, and min_local is 2"));
}

TEST_F(Explains, ThatAServicePanics) {
  config_.services[0].balance.panic.threshold = 1;
  config_.services[0].outlier.consecutive = 1;
  registry_.reconcile(config_.services, false, at(1));
  registry_.failed(*registry::sample::live(registry_, "web", "i0"), {1, 0}, at(2));
  const admin::Explanation told = explained({}, "");
  EXPECT_EQ(told.winner, "i0");
  EXPECT_EQ(told.candidates[0].out, "");
  EXPECT_THAT(told.notes, testing::ElementsAre(
                              "panic: with 1 of 2 eligible, all are taken that are not drained, "
                              "in maintenance or starting"));
}

TEST_F(Explains, WhoIsWarmingUp) {
  config_.services[0].balance.slow_start.window = config::Duration(10'000);
  config_.services[0].instances.push_back(registry::sample::instance("i9", "10.9.9.9:80"));
  registry_.reconcile(config_.services, false, at(1));
  const admin::Explanation told = explained({}, "");
  EXPECT_EQ(told.candidates[2].out, "") << "it takes connections";
  EXPECT_THAT(told.notes, testing::ElementsAre("i9 is warming up: it has 10 % of its weight"));
}

TEST_F(Explains, WhatElseHashingGoesBy) {
  config::Balance& balance = config_.services[0].balance;
  balance.policy = config::Policy::maglev;
  EXPECT_TRUE(explained({}, "10.9.9.9").notes.empty());
  balance.hash = {config::HashKey::client, 160, 1.25};
  const admin::Explanation told = explained({}, "10.9.9.9");
  EXPECT_EQ(told.why, "by the hash of 10.9.9.9, or the next one with room");
  EXPECT_THAT(
      told.notes,
      testing::ElementsAre("the client's port is hashed too: its next connection may go elsewhere",
                           "nobody takes more than 1.25 times its share of the connections"));
}

TEST_F(Explains, WhoIsLetIn) {
  const std::vector<std::string> ten = {"10.0.0.0/8"}, part = {"10.9.0.0/16"}, nobody;
  const std::string is_needed = "access goes by the client, and none was named";
  const struct {
    config::ProxyAcceptance proxy;
    config::Access access;
    std::string client, refused;
    std::vector<std::string> notes = {};
  } rows[] = {
      {{}, {ten, part}, "10.1.1.1", ""},
      {{}, {ten, part}, "10.9.9.9", "10.9.9.9 lies in 10.9.0.0/16 of access.deny"},
      {{}, {ten, part}, "2001:db8::1", "2001:db8::1 lies in nothing of access.allow"},
      {{}, {ten, part}, "", "", {is_needed}},
      {{ProxyAccept::required, {}},
       {},
       "",
       "",
       {"a PROXY header is required, and says who the client is"}},
      {{ProxyAccept::required, ten},
       {nobody, part},
       "10.9.9.9",
       "10.9.9.9 lies in 10.9.0.0/16 of access.deny",
       {"a PROXY header from one of proxy_protocol.trusted is required, and says who the client "
        "is"}},
      {{ProxyAccept::required, ten},  // by whoever sends the header
       {},
       "192.0.2.1",
       "",
       {"a PROXY header from one of proxy_protocol.trusted is required, and says who the client "
        "is"}},
      {{ProxyAccept::optional, ten},
       {ten, nobody},
       "",
       "",
       {"a PROXY header from one of proxy_protocol.trusted, if there is one, says who the client "
        "is",
        is_needed}},
  };
  for (const auto& row : rows) {
    config::Listener listener;
    listener.proxy_protocol = row.proxy;
    listener.access = row.access;
    const admin::Explanation told = explained(listener, row.client);
    EXPECT_EQ(told.refused, row.refused);
    EXPECT_EQ(told.winner, row.refused.empty() ? "i0" : "") << row.client;
    EXPECT_EQ(told.why, row.refused.empty() ? "the first in order of ids" : row.refused);
    EXPECT_THAT(told.notes, ElementsAreArray(row.notes));
    EXPECT_EQ(told.candidates.size(), 2u);
  }
}

// A route for testers and a split of three for the rest.
class ExplainsRoutes : public testing::Test {
 protected:
  ExplainsRoutes() {
    for (const char* const name : {"shop", "canary", "empty"}) {
      const bool is_empty = std::string_view(name) == "empty";
      config_.services.push_back(registry::sample::unchecked(
          registry::sample::service(name, registry::sample::instances(is_empty ? 0 : 1))));
    }
    config_.listeners.resize(1);
    config_.listeners[0].name = "front";
    config_.listeners[0].routes.resize(2);
    config::Route& testers = config_.listeners[0].routes[0];
    testers.name = "testers";
    testers.source = {"10.0.0.0/8"};
    testers.service = "canary";
    config::Route& rest = config_.listeners[0].routes[1];
    rest.name = "rest";
    rest.split = {{"shop", "shop", "", 60, {}},
                  {"canary", "canary", "", 20, config::Fuse{}},
                  {"empty", "empty", "", 20, {}}};
    registry_.reconcile(config_.services, true, at(0));
  }
  admin::Explanation explained(const std::string& client) {
    const auto nobody = [](const std::string&) { return Crowd(); };
    return explain(config_, *registry_.snapshot(), fuses_, nobody, "front", client).value();
  }

  config::Config config_;
  registry::Registry registry_{"e1"};
  std::vector<admin::FuseStatus> fuses_;
};

TEST_F(ExplainsRoutes, ByTheSource) {
  const admin::Explanation tester = explained("10.1.1.1");
  EXPECT_EQ(tester.route, "testers");
  EXPECT_EQ(tester.service, "canary");
  EXPECT_EQ(tester.winner, "i0");
  ASSERT_EQ(tester.routes.size(), 2u);
  EXPECT_EQ(tester.routes[0].why, "10.1.1.1 lies in 10.0.0.0/8 of its source");
  EXPECT_EQ(tester.routes[1].why, "a route before it takes the client");

  const admin::Explanation nobody = explained("");
  EXPECT_EQ(nobody.route, "rest");
  EXPECT_EQ(nobody.routes[0].why, "goes by the client, and none was named");
  EXPECT_EQ(nobody.routes[1].why, "takes everybody");

  config_.listeners[0].routes.pop_back();
  const admin::Explanation stranger = explained("192.0.2.1");
  EXPECT_EQ(stranger.route, "");
  EXPECT_EQ(stranger.refused, "no route for 192.0.2.1");
  EXPECT_EQ(stranger.why, stranger.refused);
  EXPECT_EQ(stranger.winner, "");
}

TEST_F(ExplainsRoutes, WithTheSharesOfTheMoment) {
  const auto shares = [&] {
    std::vector<double> each;
    const admin::Explanation told = explained("");
    for (const admin::WayShown& way : told.routes[1].ways) each.push_back(way.share);
    return each;
  };
  EXPECT_THAT(shares(), testing::ElementsAre(0.75, 0.25, 0));
  const admin::Explanation told = explained("");
  EXPECT_EQ(told.service, "shop");
  EXPECT_THAT(told.notes, testing::ElementsAre(
                              "the route is split; shown is shop, which has the greatest share"));
  EXPECT_EQ(told.routes[1].ways[2].out, "nobody is there to take it");

  fuses_ = {{"front", "rest", "canary", "canary", 20, "blown", 1, "why"}};
  EXPECT_THAT(shares(), testing::ElementsAre(1, 0, 0));
  EXPECT_EQ(explained("").routes[1].ways[1].out, "its fuse has blown");
  fuses_[0].state = "kept";
  EXPECT_THAT(shares(), testing::ElementsAre(0.75, 0.25, 0));

  registry_.set_admin("shop", "i0", registry::Admin::drain, "", at(1));
  EXPECT_THAT(shares(), testing::ElementsAre(0, 1, 0));
  registry_.set_admin("canary", "i0", registry::Admin::drain, "", at(1));
  EXPECT_THAT(shares(), testing::ElementsAre(0.6, 0.2, 0.2)) << "the drawn one stands";
}

}  // namespace
}  // namespace sluice
