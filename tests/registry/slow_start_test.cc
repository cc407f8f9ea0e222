#include "registry/slow_start.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "registry/registry.h"
#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using namespace std::chrono_literals;
using sample::at;
using sample::kPassed;
using sample::kRefused;
using sample::look;

TEST(Warmth, GrowsEvenlyFromItsLeastToAll) {
  struct Row {
    config::Duration window;
    double min;
    std::uint64_t elapsed_ms;
    std::uint16_t expected;
  };
  for (const auto& [window, min, elapsed_ms, expected] : {
           Row{10s, 0.1, 0, 100},
           Row{10s, 0.1, 5000, 550},
           Row{10s, 0.1, 9999, 999},
           Row{10s, 0.1, 10000, 1000},
           Row{10s, 0.1, UINT64_MAX, 1000},
           Row{10s, 0, 0, 1},     // never nothing
           Row{10s, 1, 0, 1000},  // warm at once
           Row{0s, 0.1, 0, 1000},
       }) {
    EXPECT_EQ(warmth_after({window, min}, elapsed_ms), expected)
        << window.count() << " ms after " << elapsed_ms;
  }
}

TEST(Warmth, IsLookedAtTwentyTimesButNotMoreOftenThanThat) {
  EXPECT_EQ(warming_step_ms({60s, 0.1}), 3000u);
  EXPECT_EQ(warming_step_ms({1s, 0.1}), 100u);
}

// Two checked instances, i0 and i1, that were up when the proxy started; slow start over 10 s.
class SlowStart : public testing::Test {
 protected:
  SlowStart() {
    web_.balance.slow_start = {10s, 0.1};
    registry_.reconcile({web_}, true, at(0));
    for (const char* id : {"i0", "i1"}) probe(id, kPassed, 1);
    registry_.take_changes();
  }
  void probe(const std::string& id, const Probe& probe, std::uint64_t ms) {
    for (int n = 0; n < 3; ++n) registry_.checked(*live(id), probe, at(ms));
  }
  std::shared_ptr<Live> live(const std::string& id) { return sample::live(registry_, "web", id); }
  // "up 1000 eligible"
  std::string seen(const std::string& id) {
    const auto shown = look(registry_, "web", id);
    EXPECT_EQ(shown->live->verdict, shown->effective.verdict);
    return std::string(word(shown->effective.state)) + ' ' + std::to_string(shown->live->warmth) +
           ' ' + std::string(word(shown->effective.verdict));
  }
  // Lets the registry do what is due, as the control loop does, until `ms`.
  void wait_until(std::uint64_t ms) {
    while (registry_.next_ms() <= ms) registry_.advance(at(registry_.next_ms()));
  }

  config::Service web_ = sample::service("web", sample::instances(2));
  Registry registry_{"e1"};
};

TEST_F(SlowStart, IsNotForThoseOfTheProxysStart) {
  EXPECT_EQ(seen("i0"), "up 1000 eligible");
}

TEST_F(SlowStart, BeginsWhenAnInstanceComesBackAndEnds) {
  probe("i0", kRefused, 1000);
  EXPECT_EQ(seen("i0"), "down 1000 never");
  probe("i0", kPassed, 600'000);  // however long it was down
  EXPECT_EQ(seen("i0"), "warming 100 eligible");
  EXPECT_EQ(look(registry_, "web", "i0")->effective.reason, "slow start: for 10s");
  wait_until(605'000);
  EXPECT_EQ(seen("i0"), "warming 550 eligible");
  wait_until(609'999);
  EXPECT_EQ(seen("i0"), "warming 955 eligible");
  registry_.take_changes();
  wait_until(610'000);
  EXPECT_EQ(seen("i0"), "up 1000 eligible");
  const auto changes = registry_.take_changes();
  ASSERT_EQ(changes.size(), 1u) << "its end, and none of its steps";
  EXPECT_EQ(changes[0].reason, "slow start: over");
  EXPECT_EQ(registry_.next_ms(), UINT64_MAX) << "nothing is left to do";
}

TEST_F(SlowStart, BeginsAnewWhenTheInstanceWasDownMeanwhile) {
  probe("i0", kRefused, 1000);
  probe("i0", kPassed, 2000);
  wait_until(8000);
  probe("i0", kRefused, 8000);
  EXPECT_EQ(seen("i0"), "down 1000 never");
  EXPECT_EQ(registry_.next_ms(), UINT64_MAX);
  probe("i0", kPassed, 9000);
  EXPECT_EQ(seen("i0"), "warming 100 eligible");
}

TEST_F(SlowStart, IsForWhoIsNewFromItsFirstSuccessOn) {
  web_.instances.push_back(sample::instance("i2", "10.9.9.9:80"));
  registry_.reconcile({web_}, false, at(100));
  EXPECT_EQ(seen("i2"), "warming 1000 never") << "no verdict yet";
  probe("i2", kPassed, 200);
  EXPECT_EQ(seen("i2"), "warming 100 eligible");
}

TEST_F(SlowStart, IsForEjectedOnesThatComeBackAndNotForDrainedOnes) {
  registry_.failed(*live("i0"), {5, 0}, at(1000));
  EXPECT_EQ(seen("i0"), "down 1000 last_resort");
  wait_until(31'000);
  EXPECT_EQ(seen("i0"), "warming 100 eligible");
  registry_.set_admin("web", "i1", Admin::drain, "", at(31'000));
  registry_.set_admin("web", "i1", Admin::ready, "", at(32'000));
  EXPECT_EQ(seen("i1"), "up 1000 eligible") << "it was never gone";
  registry_.set_admin("web", "i1", Admin::maint, "", at(33'000));
  registry_.set_admin("web", "i1", Admin::ready, "", at(34'000));
  EXPECT_EQ(seen("i1"), "warming 100 eligible");
}

TEST_F(SlowStart, GoesOnWhileTheInstanceIsDrained) {
  probe("i0", kRefused, 1000);
  probe("i0", kPassed, 2000);
  registry_.set_admin("web", "i0", Admin::drain, "", at(3000));
  EXPECT_EQ(seen("i0"), "draining 100 never");
  wait_until(7000);
  registry_.set_admin("web", "i0", Admin::ready, "", at(7000));
  EXPECT_EQ(seen("i0"), "warming 550 eligible");
}

TEST_F(SlowStart, SurvivesAReload) {
  probe("i0", kRefused, 1000);
  probe("i0", kPassed, 2000);
  wait_until(4000);
  registry_.reconcile({web_}, false, at(4000));
  web_.instances[0].weight = 7;
  registry_.reconcile({web_}, false, at(4500));
  wait_until(7000);
  EXPECT_EQ(seen("i0"), "warming 550 eligible");
}

TEST_F(SlowStart, FollowsAChangedWindow) {
  probe("i0", kRefused, 1000);
  probe("i0", kPassed, 2000);
  web_.balance.slow_start.window = 100s;
  registry_.reconcile({web_}, false, at(7000));
  EXPECT_EQ(seen("i0"), "warming 145 eligible");
  web_.balance.slow_start.window = 4s;
  registry_.reconcile({web_}, false, at(7000));
  EXPECT_EQ(seen("i0"), "up 1000 eligible");
  EXPECT_EQ(registry_.next_ms(), UINT64_MAX);
  probe("i1", kRefused, 8000);
  probe("i1", kPassed, 9000);
  EXPECT_EQ(seen("i1"), "warming 100 eligible");
  web_.balance.slow_start.window = 0s;
  registry_.reconcile({web_}, false, at(9001));
  EXPECT_EQ(seen("i1"), "up 1000 eligible");
}

TEST_F(SlowStart, OfOneThatLeavesIsForgotten) {
  probe("i0", kRefused, 1000);
  probe("i0", kPassed, 2000);
  web_.instances.erase(web_.instances.begin());
  registry_.reconcile({web_}, false, at(3000));
  EXPECT_EQ(registry_.next_ms(), UINT64_MAX);
}

}  // namespace
}  // namespace sluice::registry
