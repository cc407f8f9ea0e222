#include "proxy/session/fork.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace sluice::session {
namespace {

using registry::Verdict;

net::Peer visitor(const std::string& address) {
  std::string why;
  return net::Peer::of(*config::Endpoint::parse_ip(address, why));
}

// A way to a service with one instance.
struct Destination {
  explicit Destination(const std::string& name) {
    std::string why;
    live = std::make_shared<registry::Live>(
        registry::Identity{name, "i", 1, *config::Endpoint::parse("127.0.0.1:1", why)});
    live->verdict = Verdict::eligible;
    auto upstream = std::make_shared<Upstream>();
    upstream->service = name;
    upstream->balancer = balance::make_balancer({}, {{live, 1, 0}});
    route = std::make_shared<Route>();
    route->upstream = upstream;
  }
  Destination(const std::string& name, std::uint32_t weight) : Destination(name) {
    route->part = std::make_shared<metrics::PartCells>(2, "l", "r", name);
    route->part->weight = weight;
  }
  std::uint64_t given() const { return route->part->of(1).given.read(); }
  std::uint64_t passed_over() const { return route->part->of(1).passed_over.read(); }

  std::shared_ptr<registry::Live> live;
  std::shared_ptr<Route> route;
};

class ForkOfASplit : public testing::Test {
 protected:
  std::map<std::string, int> draw(int times) {
    std::map<std::string, int> drawn;
    for (int i = 0; i < times; ++i) {
      ++drawn[(*fork_.choose(visitor("10.0.0.1"), random_(), 1))->upstream->service];
    }
    return drawn;
  }

  std::mt19937_64 random_{7};
  Destination a_{"a", 70}, b_{"b", 25}, c_{"c", 5};
  Fork fork_{{{{}, {a_.route, b_.route, c_.route}}}};
};

TEST(Fork, TakesTheFirstRuleThatHoldsTheClient) {
  Destination office("office"), lab("lab"), rest("rest");
  const auto cidrs = [](const std::vector<std::string>& texts) { return config::cidrs_of(texts); };
  std::vector<Fork::Rule> rules = {{cidrs({"10.0.0.0/8", "2001:db8::/32"}), {office.route}},
                                   {cidrs({"10.1.0.0/16", "192.0.2.0/24"}), {lab.route}}};
  const Fork closed(rules);
  rules.push_back({{}, {rest.route}});
  const Fork open(rules);
  const struct {
    std::string client, expected;
  } rows[] = {{"10.1.2.3", "office"}, {"2001:db8::7", "office"}, {"192.0.2.1", "lab"},
              {"192.0.3.1", "rest"},  {"2001:db9::7", "rest"},   {"::ffff:10.0.0.9", "office"}};
  for (const auto& row : rows) {
    EXPECT_EQ((*open.choose(visitor(row.client), 1, 0))->upstream->service, row.expected)
        << row.client;
    EXPECT_EQ(closed.choose(visitor(row.client), 1, 0) == nullptr, row.expected == "rest");
  }
  net::Peer unix_client;
  unix_client.family = AF_UNIX;
  EXPECT_EQ((*open.choose(unix_client, 1, 0))->upstream->service, "rest");
}

TEST_F(ForkOfASplit, GoesByTheWeightsOfTheMoment) {
  auto drawn = draw(10'000);
  EXPECT_NEAR(drawn["a"], 7000, 250);
  EXPECT_NEAR(drawn["b"], 2500, 250);
  EXPECT_NEAR(drawn["c"], 500, 120);
  EXPECT_EQ(a_.given() + b_.given() + c_.given(), 10'000u);
  EXPECT_EQ(c_.given(), static_cast<std::uint64_t>(drawn["c"]));
  c_.route->part->weight = 0;
  a_.route->part->weight = 25;
  drawn = draw(10'000);
  EXPECT_NEAR(drawn["a"], 5000, 250);
  EXPECT_EQ(drawn["c"], 0);
}

TEST_F(ForkOfASplit, PassesOverAPartWithoutAnybody) {
  a_.live->verdict = Verdict::never;
  auto drawn = draw(6000);
  EXPECT_EQ(drawn["a"], 0);
  EXPECT_NEAR(drawn["b"], 5000, 200);
  EXPECT_NEAR(drawn["c"], 1000, 200);
  EXPECT_NEAR(static_cast<double>(a_.passed_over()), 4200, 200);
  EXPECT_EQ(a_.given(), 0u);
  a_.live->verdict = Verdict::last_resort;  // that is somebody
  EXPECT_GT(draw(100)["a"], 0);
}

TEST_F(ForkOfASplit, StandsByTheDrawnPartWhereNobodyIsAnywhere) {
  for (const Destination* each : {&a_, &b_, &c_}) each->live->verdict = Verdict::never;
  auto drawn = draw(1000);
  EXPECT_NEAR(drawn["a"], 700, 80);
  EXPECT_EQ(a_.passed_over(), 0u);
}

// For the moment in which a reload takes the weight of one part to another.
TEST_F(ForkOfASplit, WithoutAnyWeightStillGoesSomewhere) {
  for (const Destination* each : {&a_, &b_, &c_}) each->route->part->weight = 0;
  EXPECT_EQ(draw(10)["a"], 10);
}

}  // namespace
}  // namespace sluice::session
