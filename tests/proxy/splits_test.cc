#include "proxy/splits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/proxy/no_sources.h"
#include "tests/registry/sample.h"

namespace sluice {
namespace {

using testing::ElementsAre;

config::Part part(const std::string& name, std::uint32_t weight, bool has_fuse = false) {
  config::Part made;
  made.name = made.service = name;
  made.weight = weight;
  if (has_fuse) made.fuse = config::Fuse{};
  return made;
}

class SplitsTest : public testing::Test {
 protected:
  SplitsTest() {
    std::vector<config::Service> services;
    for (const char* const name : {"a", "b", "c"}) {
      services.push_back(registry::sample::unchecked(
          registry::sample::service(name, registry::sample::instances(1))));
    }
    registry_.reconcile(services, true, registry::sample::at(0));
  }
  // A listener with one split.
  void adopt(const std::vector<config::Part>& parts) {
    config::Config config;
    config.listeners.resize(1);
    config.listeners[0].name = "l";
    config.listeners[0].routes.resize(1);
    config.listeners[0].routes[0].name = "r";
    config.listeners[0].routes[0].split = parts;
    config.listeners[0].backlog = ++backlog_;
    splits_.adopt(config, {now_ms_, 1000});
  }
  std::shared_ptr<metrics::PartCells> cells(const std::string& name) {
    return metrics_.part("l", "r", name);
  }
  void count(const std::string& name, int given, int failed) {
    const auto part = cells(name);
    part->of(0).given.add(static_cast<std::uint64_t>(given));
    part->of(1).failed.add(static_cast<std::uint64_t>(failed));
  }
  // What the fuses have come to, after a while.
  std::vector<std::string> look() {
    std::vector<std::string> told;
    const auto snapshot = registry_.snapshot();
    for (const auto& each : splits_.look(*snapshot, {now_ms_ += Splits::kLookEveryMs, 2000})) {
      told.push_back(each.part + " " + each.state);
    }
    return told;
  }
  std::uint32_t weight(const std::string& name) { return cells(name)->weight; }

  std::uint64_t now_ms_ = 5000;
  std::uint32_t backlog_ = 0;  // another listener each time, though not in its routes
  registry::Registry registry_{"e1"};
  metrics::Metrics metrics_{2, no_sources()};
  Splits splits_{metrics_};
};

TEST_F(SplitsTest, AFuseBlowsOnceAndHoldsUntilTheRoutesChange) {
  const std::vector<config::Part> parts = {part("a", 95), part("b", 5, true)};
  adopt(parts);
  EXPECT_TRUE(splits_.has_fuses());
  count("a", 400, 1);
  count("b", 19, 19);
  EXPECT_THAT(look(), ElementsAre());
  count("b", 1, 1);
  EXPECT_THAT(look(), ElementsAre("b blown"));
  EXPECT_EQ(weight("b"), 0u);
  EXPECT_EQ(weight("a"), 95u);
  EXPECT_EQ(splits_.statuses().at(0).why,
            "20 of its 20 connections failed within 1m, of the others 1 of 400");
  EXPECT_EQ(splits_.statuses().at(0).since_ms, 2000);
  EXPECT_EQ(splits_.statuses().at(0).weight, 5u);
  EXPECT_THAT(look(), ElementsAre());
  adopt(parts);  // something else has changed
  EXPECT_EQ(weight("b"), 0u);

  adopt({part("a", 90), part("b", 10, true)});
  EXPECT_EQ(weight("b"), 10u);
  EXPECT_EQ(splits_.statuses().at(0).state, "whole");
  EXPECT_EQ(cells("b")->fuse, metrics::PartCells::Fuse::whole);
  EXPECT_THAT(look(), ElementsAre()) << "what was before does not count";
}

TEST_F(SplitsTest, AResetFuseIsWholeAndCountsAnew) {
  adopt({part("a", 95), part("b", 5, true)});
  count("b", 30, 30);
  EXPECT_THAT(look(), ElementsAre("b blown"));

  const auto told = splits_.reset({"l", "r", "b"}, {now_ms_, 3000});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->state, "whole");
  EXPECT_EQ(told->since_ms, 0);
  EXPECT_EQ(told->why, "");
  EXPECT_EQ(weight("b"), 5u);
  EXPECT_EQ(cells("b")->fuse, metrics::PartCells::Fuse::whole);
  EXPECT_THAT(look(), ElementsAre()) << "what was before does not count";
  count("b", 30, 30);
  EXPECT_THAT(look(), ElementsAre("b blown"));
}

TEST_F(SplitsTest, AFuseThatIsKeptIsWholeAfterAReset) {
  adopt({part("a", 95), part("b", 5, true)});
  registry_.set_admin("a", "i0", registry::Admin::maint, "", registry::sample::at(1));
  count("b", 30, 30);
  EXPECT_THAT(look(), ElementsAre("b kept"));
  ASSERT_TRUE(splits_.reset({"l", "r", "b"}, {now_ms_, 3000}));
  EXPECT_EQ(splits_.statuses().at(0).state, "whole");
  EXPECT_THAT(look(), ElementsAre());
}

TEST_F(SplitsTest, OnlyWhatHasAFuseIsReset) {
  adopt({part("a", 95), part("b", 5, true)});
  for (const admin::FuseName& name :
       {admin::FuseName{"x", "r", "b"}, admin::FuseName{"l", "x", "b"},
        admin::FuseName{"l", "r", "a"}}) {
    EXPECT_FALSE(splits_.reset(name, {now_ms_, 3000}));
  }
}

TEST_F(SplitsTest, TheLastPartThatHasAWeightKeepsIt) {
  adopt({part("a", 50, true), part("b", 50, true), part("c", 0)});
  count("b", 30, 30);
  count("a", 30, 0);
  EXPECT_THAT(look(), ElementsAre("b blown"));
  for (int i = 0; i < 320; ++i) look();  // b's failures are forgotten meanwhile
  count("a", 30, 30);
  EXPECT_THAT(look(), ElementsAre("a kept"));
  EXPECT_EQ(weight("a"), 50u);
  EXPECT_THAT(splits_.statuses().at(0).why, testing::HasSubstr("no other part could take them"));
  EXPECT_THAT(look(), ElementsAre()) << "it is told once";
}

TEST_F(SplitsTest, APartIsKeptWhileTheOthersHaveNobody) {
  adopt({part("a", 95), part("b", 5, true)});
  registry_.set_admin("a", "i0", registry::Admin::maint, "", registry::sample::at(1));
  count("b", 30, 30);
  EXPECT_THAT(look(), ElementsAre("b kept"));
  EXPECT_EQ(weight("b"), 5u);
  EXPECT_THAT(look(), ElementsAre());
  registry_.set_admin("a", "i0", registry::Admin::ready, "", registry::sample::at(2));
  EXPECT_THAT(look(), ElementsAre("b blown"));
  EXPECT_EQ(weight("b"), 0u);
}

TEST_F(SplitsTest, PartsThatAreGoneWeighNothing) {
  adopt({part("a", 95), part("b", 5)});
  EXPECT_FALSE(splits_.has_fuses());
  const auto b = cells("b");  // a connection still has it
  adopt({part("a", 95), part("c", 5)});
  EXPECT_EQ(b->weight, 0u);
  EXPECT_EQ(weight("c"), 5u);
}

}  // namespace
}  // namespace sluice
