#include "proxy/planner.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/session/fork.h"
#include "tests/proxy/no_sources.h"
#include "tests/registry/sample.h"

namespace sluice {
namespace {

using registry::sample::at;

// Three services; a listener that leads to one of them, and one with routes to the two others.
class PlannerTest : public testing::Test {
 protected:
  PlannerTest() {
    for (const char* const name : {"web", "shop", "canary"}) {
      config_.services.push_back(registry::sample::unchecked(
          registry::sample::service(name, registry::sample::instances(2))));
    }
    config_.listeners.resize(2);
    config_.listeners[0].name = "plain";
    config_.listeners[0].service = "web";
    config_.listeners[1].name = "routed";
    config_.listeners[1].routes.resize(2);
    config_.listeners[1].routes[0].name = "testers";
    config_.listeners[1].routes[0].source = {"10.0.0.0/8"};
    config_.listeners[1].routes[0].service = "canary";
    config_.listeners[1].routes[1].name = "default";
    config_.listeners[1].routes[1].split.resize(2);
    config_.listeners[1].routes[1].split[0].name = "shop";
    config_.listeners[1].routes[1].split[0].service = "shop";
    config_.listeners[1].routes[1].split[1].name = "canary";
    config_.listeners[1].routes[1].split[1].service = "canary";
    registry_.reconcile(config_.services, true, at(0));
  }
  std::shared_ptr<const Plan> plan() { return planner_.plan(config_, *registry_.snapshot()); }
  static const session::Route& entrance(const Plan& plan) { return *plan.listeners.at(1).route; }
  static const session::Fork::Way& way(const Plan& plan, std::size_t rule, std::size_t place) {
    return entrance(plan).fork->rules().at(rule).ways.at(place);
  }

  config::Config config_;
  registry::Registry registry_{"e1"};
  metrics::Metrics metrics_{2, no_sources()};
  Planner planner_{2, metrics_};
};

TEST_F(PlannerTest, RoutesStandBehindAnEntranceThatLeadsNowhere) {
  config_.listeners[1].timeouts.first_bytes = config::Duration(77);
  config_.services[2].timeouts.idle = config::Duration(99);
  const auto made = plan();
  EXPECT_EQ(made->listeners[0].route->fork, nullptr);
  EXPECT_EQ(made->listeners[0].route->name, "default");
  EXPECT_EQ(made->listeners[0].route->upstream->service, "web");
  EXPECT_EQ(entrance(*made).name, "");
  EXPECT_EQ(entrance(*made).upstream->service, "");
  EXPECT_EQ(entrance(*made).cells->service, "");
  EXPECT_EQ(entrance(*made).timeouts.first_bytes, config::Duration(77));
  EXPECT_EQ(way(*made, 0, 0)->name, "testers");
  EXPECT_EQ(way(*made, 0, 0)->part, nullptr);
  EXPECT_EQ(way(*made, 0, 0)->timeouts.idle, config::Duration(99));
  EXPECT_EQ(way(*made, 1, 0)->timeouts.idle, config::Timeouts{}.idle);
  EXPECT_EQ(way(*made, 1, 1)->cells->service, "canary");
  EXPECT_EQ(way(*made, 1, 1)->part->part, "canary");
  EXPECT_EQ(way(*made, 1, 1)->life, entrance(*made).life);
  EXPECT_EQ(way(*made, 1, 1)->upstream, made->upstreams.find("canary"));
}

TEST_F(PlannerTest, SaysWhetherWorkersMayBusyPoll) {
  EXPECT_TRUE(plan()->busy_poll);
  config_.process.busy_poll = false;
  const auto made = plan();
  EXPECT_FALSE(made->busy_poll);
  EXPECT_FALSE(planner_.drain_plan(*made, {})->busy_poll);
  config_.process.busy_poll = true;
  EXPECT_TRUE(planner_.drain_plan(*plan(), {})->busy_poll);
}

TEST_F(PlannerTest, WhatDidNotChangeIsTheSameObject) {
  const auto first = plan();
  config_.services[2].instances[0].weight = 9;
  registry_.reconcile(config_.services, false, at(1));
  const auto second = plan();
  EXPECT_EQ(second->listeners[0].route, first->listeners[0].route);
  EXPECT_NE(second->listeners[1].route, first->listeners[1].route);
  EXPECT_EQ(way(*second, 1, 0), way(*first, 1, 0)) << "the other service is as it was";
  EXPECT_NE(way(*second, 1, 1), way(*first, 1, 1));
  EXPECT_EQ(way(*second, 1, 1)->part, way(*first, 1, 1)->part);
  EXPECT_EQ(entrance(*second).life, entrance(*first).life);

  planner_.adopt({});  // a reload that changes nothing
  const auto third = plan();
  EXPECT_EQ(third->listeners[0].route, second->listeners[0].route);
  EXPECT_EQ(third->listeners[1].route, second->listeners[1].route);

  config_.listeners[1].routes[0].source = {"10.0.0.0/16"};
  planner_.adopt({});
  const auto fourth = plan();
  EXPECT_EQ(fourth->listeners[0].route, second->listeners[0].route);
  EXPECT_NE(fourth->listeners[1].route, second->listeners[1].route);
  EXPECT_EQ(entrance(*fourth).life, entrance(*second).life);
  EXPECT_EQ(way(*fourth, 1, 1)->part, way(*second, 1, 1)->part);
}

// Large plans take half of the control loop's time, and no change waits for long.
TEST(PlanPeriod, FollowsWhatAPlanTakes) {
  const struct {
    std::uint64_t took_us, period_ms;
  } rows[] = {{0, 5},       {300, 5},      {2'500, 5},    {3'000, 6},
              {10'000, 20}, {50'000, 100}, {400'000, 100}};
  for (const auto& row : rows) EXPECT_EQ(plan_period_ms(row.took_us), row.period_ms) << row.took_us;
}

}  // namespace
}  // namespace sluice
