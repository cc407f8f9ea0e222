// When too few of a service are eligible, and which of the others are taken then.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "registry/registry.h"
#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using sample::at;
using sample::kPassed;
using sample::kRefused;
using sample::look;

TEST(Standings, FollowFromTheInputs) {
  struct Row {
    const char* situation;
    void (*change)(Inputs&);
    Standing expected;
  };
  const Row rows[] = {
      {"nothing", [](Inputs&) {}, Standing::able},
      {"drained", [](Inputs& i) { i.admin = Admin::drain; }, Standing::apart},
      {"in maintenance", [](Inputs& i) { i.admin = Admin::maint; }, Standing::apart},
      {"leaving", [](Inputs& i) { i.status = State::draining; }, Standing::apart},
      {"starting", [](Inputs& i) { i.status = State::warming; }, Standing::apart},
      {"no verdict yet", [](Inputs& i) { i.check = CheckState::checking; }, Standing::apart},
      {"weight 0", [](Inputs& i) { i.weight = 0; }, Standing::apart},
      {"lease missed", [](Inputs& i) { i.lease = LeaseState::missed; }, Standing::able},
      {"lease expired", [](Inputs& i) { i.lease = LeaseState::expired; }, Standing::unable},
      {"down by its word", [](Inputs& i) { i.status = State::down; }, Standing::unable},
      {"check failed", [](Inputs& i) { i.check = CheckState::down; }, Standing::unable},
      {"ejected", [](Inputs& i) { i.outlier = OutlierState::ejected; }, Standing::unable},
      {"flapping", [](Inputs& i) { i.flapping = true; }, Standing::unable},
      {"drained and down",
       [](Inputs& i) {
         i.admin = Admin::drain;
         i.check = CheckState::down;
       },
       Standing::apart},
  };
  for (const Row& row : rows) {
    Inputs inputs;
    row.change(inputs);
    EXPECT_EQ(standing(inputs, judge(inputs).verdict), row.expected) << row.situation;
  }
}

// Four checked instances, i0 to i3, all up at first.
class Four : public testing::Test {
 protected:
  explicit Four(double threshold = 0.5) {
    web_.balance.panic.threshold = threshold;
    registry_.reconcile({web_}, true, at(0));
    for (int i = 0; i < 4; ++i) probe(i, kPassed);
    registry_.take_changes();
  }
  void probe(int i, const Probe& probe) {
    for (int n = 0; n < 3; ++n) {
      registry_.checked(*sample::live(registry_, "web", "i" + std::to_string(i)), probe,
                        at(++now_));
    }
  }
  // "e" eligible, "r" last resort, "-" never, by id.
  std::string verdicts() {
    std::string all;
    for (const auto& instance : registry_.snapshot()->find("web")->instances) {
      EXPECT_EQ(instance->live->verdict.load(), instance->effective.verdict);
      all += instance->effective.verdict == Verdict::eligible      ? 'e'
             : instance->effective.verdict == Verdict::last_resort ? 'r'
                                                                   : '-';
    }
    return all;
  }

  config::Service web_ = sample::service("web", sample::instances(4));
  Registry registry_{"e1"};
  std::uint64_t now_ = 0;
};

TEST_F(Four, TakeEverybodyWhileLessThanHalfOfThemAreEligible) {
  probe(0, kRefused);
  probe(1, kRefused);
  EXPECT_EQ(verdicts(), "--ee") << "half is not less than half";
  EXPECT_TRUE(registry_.take_panics().empty());

  probe(2, kRefused);
  EXPECT_EQ(verdicts(), "eeee");
  const auto begun = registry_.take_panics();
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_TRUE(begun[0].begins);
  EXPECT_EQ(begun[0].able, 1u);
  EXPECT_EQ(begun[0].unable, 3u);
  EXPECT_TRUE(registry_.snapshot()->find("web")->panics);
  const auto shown = look(registry_, "web", "i0");
  EXPECT_EQ(shown->effective.state, State::down) << "and stays what it is";
  EXPECT_EQ(shown->effective.reason, "check: connection refused; taken all the same (panic)");

  probe(3, kRefused);
  EXPECT_EQ(verdicts(), "eeee") << "none at all";
  probe(3, kPassed);
  EXPECT_EQ(verdicts(), "eeee");
  EXPECT_TRUE(registry_.take_panics().empty());

  probe(0, kPassed);
  EXPECT_EQ(verdicts(), "e--e");
  const auto over = registry_.take_panics();
  ASSERT_EQ(over.size(), 1u);
  EXPECT_FALSE(over[0].begins);
  EXPECT_FALSE(registry_.snapshot()->find("web")->panics);
  EXPECT_EQ(look(registry_, "web", "i1")->effective.reason, "check: connection refused");
}

TEST_F(Four, TellOfEachOneThatIsTaken) {
  for (int i = 0; i < 3; ++i) probe(i, kRefused);
  std::vector<std::string> told;
  for (const Change& change : registry_.take_changes())
    told.push_back(change.id + ": " + change.reason);
  EXPECT_EQ(told, (std::vector<std::string>{
                      "i0: check: connection refused", "i1: check: connection refused",
                      "i2: check: connection refused", "i0: panic: too few are eligible",
                      "i1: panic: too few are eligible", "i2: panic: too few are eligible"}));
}

TEST_F(Four, NeverTakeWhoIsDrainedAndDoNotCountHim) {
  registry_.set_admin("web", "i0", Admin::maint, "", at(++now_));
  registry_.set_admin("web", "i1", Admin::drain, "", at(++now_));
  probe(2, kRefused);
  EXPECT_EQ(verdicts(), "---e") << "one of two";
  probe(3, kRefused);
  EXPECT_EQ(verdicts(), "--ee");
  probe(0, kRefused);
  registry_.set_admin("web", "i0", Admin::ready, "", at(++now_));
  EXPECT_EQ(verdicts(), "e-ee");
}

TEST_F(Four, ThatLeaveCountNoMore) {
  for (int i = 0; i < 3; ++i) probe(i, kRefused);
  EXPECT_EQ(verdicts(), "eeee");
  web_.instances = {web_.instances[2], web_.instances[3]};
  registry_.reconcile({web_}, false, at(++now_));
  EXPECT_EQ(verdicts(), "-e");
  registry_.reconcile({}, false, at(++now_));
  EXPECT_EQ(registry_.take_panics().size(), 2u) << "a service that goes panics no more";
}

TEST_F(Four, FollowAThresholdThatChanges) {
  probe(0, kRefused);
  web_.balance.panic.threshold = 1;
  registry_.reconcile({web_}, false, at(++now_));
  EXPECT_EQ(verdicts(), "eeee");
  web_.balance.panic.threshold = 0;
  registry_.reconcile({web_}, false, at(++now_));
  EXPECT_EQ(verdicts(), "-eee");
}

TEST_F(Four, WhoAreNewAreNotTakenBeforeTheirFirstSuccess) {
  for (int i = 0; i < 3; ++i) probe(i, kRefused);
  web_.instances.push_back(sample::instance("i4", "10.9.9.9:80"));
  registry_.reconcile({web_}, false, at(++now_));
  EXPECT_EQ(verdicts(), "eeee-");
}

TEST(Panic, IsOffByDefaultAndWaitsForTheFirstVerdicts) {
  for (const double threshold : {0.0, 0.5}) {
    auto web = sample::service("web", sample::instances(2));
    web.balance.panic.threshold = threshold;
    Registry registry("e1");
    registry.reconcile({web}, true, at(0));
    registry.checked(*sample::live(registry, "web", "i0"), kRefused, at(1));
    EXPECT_EQ(sample::live(registry, "web", "i0")->verdict, Verdict::never);
    registry.checked(*sample::live(registry, "web", "i1"), kRefused, at(2));
    EXPECT_EQ(sample::live(registry, "web", "i0")->verdict,
              threshold > 0 ? Verdict::eligible : Verdict::never);
  }
}

}  // namespace
}  // namespace sluice::registry
