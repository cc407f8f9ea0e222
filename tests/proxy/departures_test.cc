#include "proxy/departures.h"

#include <gtest/gtest.h>

#include "registry/registry.h"

namespace sluice {
namespace {

using registry::Condemned;

constexpr std::uint64_t kNever = UINT64_MAX;

// A registry whose service "s" is set to lists of addresses, one after the other.
class DeparturesTest : public testing::Test {
 protected:
  void serve(const std::vector<std::string>& addresses, std::uint64_t now_ms) {
    config::Service service;
    for (const std::string& address : addresses) {
      service.instances.emplace_back().address = address;
    }
    reconcile(service, now_ms);
  }
  void reconcile(config::Service service, std::uint64_t now_ms) {
    service.name = "s";
    service.check.type = config::CheckType::none;
    registry.reconcile({service}, false, {now_ms, 0});
    for (const auto& left : registry.take_departed()) {
      departures.depart(left.live, now_ms + 30'000);
    }
    for (const auto& change : registry.take_changes()) {
      if (change.kind == registry::Change::Kind::added) departures.arrive(*change.instance->live);
    }
  }
  std::shared_ptr<registry::Live> connected_to(const std::string& id) {
    auto live = registry.snapshot()->find("s")->find(id)->live;
    live->load = 1;
    return live;
  }

  registry::Registry registry{"epoch"};
  Departures departures;
};

TEST_F(DeparturesTest, ARemovedInstanceHasItsDrain) {
  serve({"127.0.0.1:1", "127.0.0.1:2"}, 0);
  const auto one = connected_to("127.0.0.1:1");
  const auto two = connected_to("127.0.0.1:2");
  serve({"127.0.0.1:2"}, 1'000);
  EXPECT_EQ(departures.next_ms(), 31'000u);
  EXPECT_FALSE(departures.condemn_due(30'999));
  EXPECT_EQ(one->condemned.load(), Condemned::no);
  EXPECT_TRUE(departures.condemn_due(31'000));
  EXPECT_EQ(one->condemned.load(), Condemned::instance_removed);
  EXPECT_EQ(two->condemned.load(), Condemned::no);
  EXPECT_EQ(departures.next_ms(), kNever);
  EXPECT_EQ(departures.size(), 0u);
}

TEST_F(DeparturesTest, OneThatComesBackIsPardonedWithItsEarlierIncarnations) {
  serve({"127.0.0.1:1"}, 0);
  const auto first = connected_to("127.0.0.1:1");
  serve({"127.0.0.1:2"}, 1'000);
  serve({"127.0.0.1:1"}, 20'000);
  EXPECT_FALSE(departures.condemn_due(40'000));
  EXPECT_EQ(first->condemned.load(), Condemned::no);
  // Gone again: the time starts anew, for both incarnations.
  const auto second = connected_to("127.0.0.1:1");
  serve({"127.0.0.1:2"}, 50'000);
  EXPECT_FALSE(departures.condemn_due(79'999));
  EXPECT_TRUE(departures.condemn_due(80'000));
  EXPECT_EQ(first->condemned.load(), Condemned::instance_removed);
  EXPECT_EQ(second->condemned.load(), Condemned::instance_removed);
}

TEST_F(DeparturesTest, AnotherAddressUnderTheSameIdIsNoReturn) {
  config::Service service;
  service.instances.emplace_back().id = "a";
  std::shared_ptr<registry::Live> old;
  for (const std::string address : {"127.0.0.1:1", "127.0.0.1:2"}) {
    service.instances[0].address = address;
    reconcile(service, 0);
    if (!old) old = connected_to("a");
  }
  EXPECT_TRUE(departures.condemn_due(30'000));
  EXPECT_EQ(old->condemned.load(), Condemned::instance_removed);
}

TEST_F(DeparturesTest, SaysForWhatTheConnectionsAreCondemned) {
  Departures outages(Condemned::instance_down);
  serve({"127.0.0.1:1"}, 0);
  const auto live = connected_to("127.0.0.1:1");
  outages.depart(live, 100);
  outages.arrive(*live);
  EXPECT_FALSE(outages.condemn_due(1000)) << "it came back";
  outages.depart(live, 2000);
  EXPECT_TRUE(outages.condemn_due(2000));
  EXPECT_EQ(live->condemned.load(), Condemned::instance_down);
}

TEST_F(DeparturesTest, ForgetsPardonedInstancesWithoutConnections) {
  for (std::uint64_t round = 0; round < 100; ++round) {
    serve({"127.0.0.1:1"}, round * 2);
    serve({"127.0.0.1:2"}, round * 2 + 1);
  }
  EXPECT_LE(departures.size(), 2u);
}

}  // namespace
}  // namespace sluice
