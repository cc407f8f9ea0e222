#include "registry/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using sample::at;
using sample::instance;
using sample::kPassed;
using sample::kRefused;
using sample::look;
using sample::service;
using sample::unchecked;

// A service "web" with two checked instances that are up, a and b.
class TwoUp : public testing::Test {
 protected:
  TwoUp() {
    config::Service web =
        service("web", {instance("a", "10.0.0.1:80"), instance("b", "10.0.0.2:80")});
    registry.reconcile({web}, true, at(0));
    a = sample::live(registry, "web", "a");
    b = sample::live(registry, "web", "b");
    registry.checked(*a, kPassed, at(1));
    registry.checked(*b, kPassed, at(1));
    registry.take_changes();
  }

  Change only_change() {
    const auto changes = registry.take_changes();
    EXPECT_EQ(changes.size(), 1u);
    return changes.empty() ? Change{} : changes.front();
  }
  std::uint64_t index() { return registry.snapshot()->index; }

  Registry registry{"e1"};
  std::shared_ptr<Live> a, b;
};

TEST_F(TwoUp, GoesDownAtTheThirdFailureAndSaysWhy) {
  const std::uint64_t before = index();
  EXPECT_TRUE(registry.checked(*a, kRefused, at(2))) << "changing: probe fast";
  EXPECT_TRUE(registry.checked(*a, kRefused, at(3)));
  EXPECT_EQ(index(), before);
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_FALSE(registry.checked(*a, kRefused, at(4)));

  EXPECT_EQ(a->verdict, Verdict::never);
  EXPECT_EQ(b->verdict, Verdict::eligible);
  const auto shown = look(registry, "web", "a");
  EXPECT_EQ(shown->effective.state, State::down);
  EXPECT_EQ(shown->effective.reason, "check: connection refused");
  EXPECT_EQ(shown->since_ms, at(4).wall_ms);
  EXPECT_EQ(index(), before + 1);
  const Change expected{Change::Kind::state,
                        before + 1,
                        at(4).wall_ms,
                        "web",
                        "a",
                        1,
                        "10.0.0.1:80",
                        State::up,
                        State::down,
                        "check: connection refused",
                        shown};
  EXPECT_EQ(only_change(), expected);
}

TEST_F(TwoUp, ComesBackAtTheSecondSuccess) {
  for (int i = 0; i < 3; ++i) registry.checked(*a, kRefused, at(2));
  registry.take_changes();
  registry.checked(*a, kPassed, at(3));
  EXPECT_EQ(a->verdict, Verdict::never);
  registry.checked(*a, kPassed, at(4));
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_EQ(look(registry, "web", "a")->effective.reason, "ok");
  EXPECT_EQ(only_change().reason, "check: connected in 1 ms");
}

TEST_F(TwoUp, DropsAProbeOfAnIncarnationThatIsGone) {
  registry.reconcile({service("web", {instance("a", "10.0.0.9:80")})}, false, at(2));
  const std::uint64_t before = index();
  EXPECT_FALSE(registry.checked(*a, kRefused, at(3))) << "replaced";
  EXPECT_FALSE(registry.checked(*b, kRefused, at(3))) << "removed";
  registry.failed(*a, {100, 0}, at(3));
  EXPECT_EQ(index(), before);
  EXPECT_EQ(a->verdict, Verdict::last_resort) << "as it left";
  EXPECT_EQ(look(registry, "web", "a")->effective.state, State::warming);
}

TEST_F(TwoUp, IgnoresAnInstanceOfAnotherRegistry) {
  Registry other("e2");
  other.reconcile({service("web", {instance("a", "10.0.0.1:80")})}, true, at(0));
  const Live stranger(Identity{"nowhere", "a", 1, {}});
  EXPECT_FALSE(other.checked(*a, kPassed, at(2)));
  EXPECT_FALSE(other.checked(stranger, kPassed, at(2)));
  EXPECT_EQ(other.snapshot()->index, 1u);
}

TEST_F(TwoUp, EjectsAfterFiveConnectFailuresInARow) {
  registry.failed(*a, {4, 0}, at(10));
  EXPECT_EQ(a->verdict, Verdict::eligible);
  registry.failed(*a, {5, 0}, at(10));
  EXPECT_EQ(a->verdict, Verdict::last_resort);
  const auto shown = look(registry, "web", "a");
  EXPECT_EQ(shown->effective.state, State::down);
  EXPECT_EQ(shown->effective.reason, "outlier: 5 connect failures in a row; ejection 1, for 30s");
  EXPECT_EQ(registry.next_ms(), 30'010u);

  const std::uint64_t before = index();
  registry.failed(*a, {6, 0}, at(11));
  EXPECT_EQ(index(), before) << "an ejected one is not ejected again";
  EXPECT_EQ(registry.next_ms(), 30'010u);
}

TEST_F(TwoUp, EndsAnEjectionWhenItIsOver) {
  a->connect_failures = 5;
  registry.failed(*a, {5, 0}, at(10));
  registry.take_changes();
  registry.advance(at(30'009));
  EXPECT_EQ(a->verdict, Verdict::last_resort);
  registry.advance(at(30'010));
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_EQ(a->connect_failures, 0u) << "starts afresh";
  EXPECT_EQ(registry.next_ms(), UINT64_MAX);
  EXPECT_EQ(look(registry, "web", "a")->inputs.outlier_reason, "");
  const Change change = only_change();
  EXPECT_EQ(change.reason, "outlier: ejection over");
  EXPECT_EQ(change.from, State::down);
  EXPECT_EQ(change.to, State::up);
  registry.failed(*a, {5, 0}, at(30'011));
  EXPECT_EQ(look(registry, "web", "a")->inputs.outlier_reason,
            "5 connect failures in a row; ejection 2, for 60s");
}

// The same with a breaker: 3 failures, open for 10 s, 2 trials at a time, and no ejections.
class Breaks : public TwoUp {
 protected:
  Breaks() {
    web.outlier.consecutive = 0;
    web.breaker = {3, config::Duration(10'000), 2};
    registry.reconcile({web}, false, at(2));
    registry.take_changes();
  }
  void open(std::uint64_t at_ms) { registry.failed(*a, {1, 2}, at(at_ms)); }

  config::Service web =
      service("web", {instance("a", "10.0.0.1:80"), instance("b", "10.0.0.2:80")});
};

TEST_F(Breaks, OpensAndNobodyIsSentThereAnyMore) {
  EXPECT_EQ(look(registry, "web", "a")->inputs.breaker, BreakerState::closed);
  registry.failed(*a, {2, 0}, at(10));
  EXPECT_TRUE(registry.take_changes().empty());
  open(10);
  const Change change = only_change();
  EXPECT_EQ(change.reason, "breaker: open for 10s: 1 connect failure and 2 early closes in a row");
  EXPECT_EQ(change.to, State::down);
  EXPECT_EQ(a->verdict, Verdict::never) << "not even as a last resort";
  EXPECT_EQ(registry.next_ms(), 10'010u);
  registry.failed(*b, {3, 0}, at(11));
  EXPECT_EQ(b->verdict, Verdict::never) << "however few are left";
}

TEST_F(Breaks, LetsTrialsThroughAfterAWhileAndClosesAfterAGoodOne) {
  open(10);
  registry.take_changes();
  registry.advance(at(10'009));
  EXPECT_EQ(a->verdict, Verdict::never);
  registry.advance(at(10'010));
  const Change half_open = only_change();
  EXPECT_EQ(half_open.reason, "breaker: half open, for 2 trials at a time");
  EXPECT_EQ(half_open.to, State::warming);
  EXPECT_EQ(a->verdict, Verdict::trial);
  EXPECT_EQ(a->trial_limit, 2u);
  EXPECT_EQ(registry.next_ms(), UINT64_MAX);

  a->connect_failures = 3;
  registry.tried(*a, true, at(10'020));
  const Change closed = only_change();
  EXPECT_EQ(closed.reason, "breaker: closed: a trial went well");
  EXPECT_EQ(closed.to, State::up);
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_EQ(a->trial_limit, 0u);
  EXPECT_EQ(a->connect_failures, 0u) << "starts afresh";
  EXPECT_EQ(look(registry, "web", "a")->inputs.breaker_reason, "");
}

TEST_F(Breaks, OpensAgainAfterATrialThatFailed) {
  open(10);
  registry.advance(at(10'010));
  registry.take_changes();
  registry.failed(*a, {9, 9}, at(10'011));
  EXPECT_TRUE(registry.take_changes().empty()) << "that was of a connection of before";
  registry.tried(*a, false, at(10'020));
  EXPECT_EQ(only_change().reason, "breaker: open for 10s: a trial failed");
  EXPECT_EQ(a->verdict, Verdict::never);
  EXPECT_EQ(registry.next_ms(), 20'020u);
}

TEST_F(Breaks, OutweighsTheEjectionAndNoOtherInput) {
  web.outlier.consecutive = 3;
  registry.reconcile({web}, false, at(3));
  open(10);
  const auto both = look(registry, "web", "a");
  EXPECT_EQ(both->inputs.outlier, OutlierState::ejected);
  EXPECT_TRUE(both->effective.reason->starts_with("breaker: open")) << *both->effective.reason;
  EXPECT_EQ(a->verdict, Verdict::never);
  registry.advance(at(10'010));
  EXPECT_TRUE(look(registry, "web", "a")->effective.reason->starts_with("outlier: "));
  EXPECT_EQ(a->verdict, Verdict::never) << "half open, it is for trials only";
  registry.set_admin("web", "a", Admin::maint, "", at(10'011));
  EXPECT_EQ(look(registry, "web", "a")->effective.reason, "admin: maint");
}

TEST_F(Breaks, StaysOutInAPanic) {
  web.balance.panic.threshold = 0.9;
  registry.reconcile({web}, false, at(3));
  for (int i = 0; i < 3; ++i) registry.checked(*b, kRefused, at(4));
  EXPECT_EQ(b->verdict, Verdict::eligible) << "in the panic";
  open(10);
  EXPECT_EQ(a->verdict, Verdict::never);
  registry.advance(at(10'010));
  EXPECT_EQ(a->verdict, Verdict::trial);
}

TEST_F(Breaks, FollowsTheConfiguration) {
  open(10);
  registry.advance(at(10'010));
  web.breaker.half_open = 1;
  registry.reconcile({web}, false, at(10'011));
  EXPECT_EQ(a->trial_limit, 1u);
  registry.take_changes();
  web.breaker.failures = 0;
  registry.reconcile({web}, false, at(10'012));
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_EQ(look(registry, "web", "a")->inputs.breaker, BreakerState::none);
  registry.failed(*a, {99, 99}, at(10'013));
  EXPECT_EQ(a->verdict, Verdict::eligible);
}

TEST_F(TwoUp, WaitsForAPlaceAmongTheEjectedAndAsksAgain) {
  registry.failed(*a, {5, 0}, at(0));
  const std::uint64_t before = index();
  registry.failed(*b, {5, 0}, at(10));
  EXPECT_EQ(b->verdict, Verdict::eligible) << "half of two is one";
  EXPECT_EQ(index(), before);
  EXPECT_TRUE(look(registry, "web", "b")->is_up());
  registry.advance(at(30'000));
  registry.failed(*b, {9, 0}, at(30'001));
  EXPECT_EQ(b->verdict, Verdict::last_resort);
}

TEST_F(TwoUp, LetsNoSuccessfulProbeEndAnEjection) {
  registry.failed(*a, {5, 0}, at(10));
  const std::uint64_t before = index();
  for (int i = 0; i < 10; ++i) registry.checked(*a, kPassed, at(20));
  EXPECT_EQ(a->verdict, Verdict::last_resort);
  EXPECT_EQ(index(), before);
}

TEST_F(TwoUp, TakesAnEjectedInstanceForNoLastResortOnceItsCheckFails) {
  registry.failed(*a, {5, 0}, at(10));
  for (int i = 0; i < 3; ++i) registry.checked(*a, kRefused, at(20));
  EXPECT_EQ(a->verdict, Verdict::never);
  registry.advance(at(30'010));
  EXPECT_EQ(a->verdict, Verdict::never) << "the end of the ejection is not the check's word";
  EXPECT_EQ(look(registry, "web", "a")->effective.reason, "check: connection refused");
}

TEST_F(TwoUp, ObeysTheOperator) {
  EXPECT_TRUE(registry.set_admin("web", "a", Admin::drain, "disk swap", at(5)));
  EXPECT_EQ(a->verdict, Verdict::never);
  EXPECT_EQ(look(registry, "web", "a")->effective.state, State::draining);
  EXPECT_EQ(only_change().reason, "admin: drain: disk swap");
  EXPECT_TRUE(registry.set_admin("web", "a", Admin::maint, "disk swap", at(6)));
  EXPECT_EQ(look(registry, "web", "a")->effective.state, State::down);
  EXPECT_TRUE(registry.set_admin("web", "a", Admin::ready, "", at(7)));
  EXPECT_EQ(a->verdict, Verdict::eligible);
  EXPECT_EQ(look(registry, "web", "a")->since_ms, at(7).wall_ms);
}

TEST_F(TwoUp, SaysWhenThereIsNobodyToObey) {
  EXPECT_FALSE(registry.set_admin("web", "z", Admin::drain, "", at(5)));
  EXPECT_FALSE(registry.set_admin("pg", "a", Admin::drain, "", at(5)));
  EXPECT_TRUE(registry.take_changes().empty());
}

TEST_F(TwoUp, TakesTheSameWordTwiceForNoChange) {
  registry.set_admin("web", "a", Admin::drain, "disk swap", at(5));
  const auto before = registry.snapshot();
  EXPECT_TRUE(registry.set_admin("web", "a", Admin::drain, "disk swap", at(6)));
  EXPECT_EQ(registry.snapshot(), before);
  registry.set_admin("web", "a", Admin::drain, "kernel upgrade", at(7));
  EXPECT_EQ(index(), before->index + 1) << "another reason is news";
}

TEST_F(TwoUp, ShowsAChangeThatAnotherInputOutweighs) {
  registry.set_admin("web", "a", Admin::maint, "", at(5));
  registry.take_changes();
  for (int i = 0; i < 3; ++i) registry.checked(*a, kRefused, at(6));
  const Change change = only_change();
  EXPECT_EQ(change.from, State::down);
  EXPECT_EQ(change.to, State::down);
  EXPECT_EQ(change.reason, "check: connection refused");
  const auto shown = look(registry, "web", "a");
  EXPECT_EQ(shown->effective.reason, "admin: maint");
  EXPECT_EQ(shown->inputs.check, CheckState::down);
  EXPECT_EQ(shown->since_ms, at(5).wall_ms) << "down since the maintenance began";
}

TEST(FirstVerdicts, AreAwaitedUntilEveryInstanceOfTheStartHasOne) {
  Registry registry("e1");
  EXPECT_FALSE(registry.awaits_first_verdicts());
  registry.reconcile({service("web", sample::instances(3))}, true, at(0));
  EXPECT_TRUE(registry.awaits_first_verdicts());
  const auto i2 = sample::live(registry, "web", "i2");
  registry.checked(*sample::live(registry, "web", "i0"), kPassed, at(1));
  registry.checked(*sample::live(registry, "web", "i1"), kRefused, at(1));
  EXPECT_TRUE(registry.awaits_first_verdicts());
  registry.checked(*i2, kPassed, at(2));
  EXPECT_FALSE(registry.awaits_first_verdicts()) << "a bad verdict is one too";

  auto more = sample::instances(4);
  registry.reconcile({service("web", more)}, false, at(3));
  EXPECT_FALSE(registry.awaits_first_verdicts()) << "a later one holds nobody up";
}

TEST(FirstVerdicts, AreNotAwaitedOfAnInstanceThatLeft) {
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(2))}, true, at(0));
  registry.checked(*sample::live(registry, "web", "i0"), kPassed, at(1));
  registry.reconcile({service("web", sample::instances(1))}, false, at(2));
  EXPECT_FALSE(registry.awaits_first_verdicts());
}

TEST(Ejections, EndInTheOrderOfTheirTimes) {
  Registry registry("e1");
  config::Service web = unchecked(service("web", sample::instances(4)));
  web.outlier.consecutive = 1;
  web.outlier.max_percent = 100;
  registry.reconcile({web}, true, at(0));
  registry.failed(*sample::live(registry, "web", "i2"), {1, 0}, at(5));
  registry.failed(*sample::live(registry, "web", "i0"), {1, 0}, at(6));
  registry.failed(*sample::live(registry, "web", "i1"), {1, 0}, at(5));
  registry.failed(*sample::live(registry, "web", "i3"), {1, 0}, at(7));
  registry.take_changes();
  EXPECT_FALSE(look(registry, "web", "i0")->is_up());
  EXPECT_TRUE(look(registry, "web", "i3")->is_up()) << "keep_at_least";

  EXPECT_EQ(registry.next_ms(), 30'005u);
  registry.advance(at(100'000));
  std::vector<std::string> order;
  for (const Change& change : registry.take_changes()) order.push_back(change.id);
  EXPECT_EQ(order, (std::vector<std::string>{"i1", "i2", "i0"}));
}

TEST(Ejections, SpareTheLastThatIsNotDown) {
  Registry registry("e1");
  config::Service web = service("web", sample::instances(3));
  web.outlier.consecutive = 1;
  registry.reconcile({web}, true, at(0));
  registry.checked(*sample::live(registry, "web", "i0"), kPassed, at(1));
  registry.checked(*sample::live(registry, "web", "i1"), kPassed, at(1));
  registry.checked(*sample::live(registry, "web", "i2"), kRefused, at(1));
  registry.set_admin("web", "i1", Admin::drain, "", at(1));

  registry.failed(*sample::live(registry, "web", "i0"), {1, 0}, at(2));
  EXPECT_TRUE(look(registry, "web", "i0")->is_up());

  registry.set_admin("web", "i1", Admin::ready, "", at(3));
  registry.failed(*sample::live(registry, "web", "i0"), {2, 0}, at(4));
  EXPECT_FALSE(look(registry, "web", "i0")->is_up()) << "there is another now";
  registry.failed(*sample::live(registry, "web", "i1"), {1, 0}, at(5));
  EXPECT_TRUE(look(registry, "web", "i1")->is_up());
}

// An ejection outlives the fault that it came with.
TEST(Ejections, SpareTheOnlyOneThatIsDownMeanwhile) {
  Registry registry("e1");
  config::Service web = service("web", sample::instances(1));
  web.check.fall = web.check.rise = 1;
  registry.reconcile({web}, true, at(0));
  const auto live = sample::live(registry, "web", "i0");
  registry.checked(*live, kRefused, at(1));
  registry.failed(*live, {9, 0}, at(2));
  EXPECT_EQ(look(registry, "web", "i0")->inputs.outlier, OutlierState::none);
  registry.checked(*live, kPassed, at(3));
  EXPECT_EQ(live->verdict, Verdict::eligible);
}

TEST(Ejections, SpareTheOnlyOneThatItsBreakerLeavesAlone) {
  Registry registry("e1");
  config::Service web = unchecked(service("web", sample::instances(1)));
  web.outlier.consecutive = 3;
  web.breaker = {3, config::Duration(10'000), 1};
  registry.reconcile({web}, true, at(0));
  const auto live = sample::live(registry, "web", "i0");
  registry.failed(*live, {3, 0}, at(10));
  EXPECT_EQ(live->verdict, Verdict::never);
  registry.advance(at(10'010));
  EXPECT_EQ(live->verdict, Verdict::trial);
}

TEST(Scale, ProbesThatChangeNothingPublishNothing) {
  constexpr std::size_t kInstances = 10'000;
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(kInstances))}, true, at(0));
  const auto start = registry.snapshot();
  for (const auto& each : start->find("web")->instances) {
    registry.checked(*each->live, kPassed, at(1));
  }
  EXPECT_FALSE(registry.awaits_first_verdicts());
  registry.take_changes();
  const auto before = registry.snapshot();
  ASSERT_EQ(before->index, 2 * kInstances);

  for (int round = 0; round < 10; ++round) {
    for (const auto& each : before->find("web")->instances) {
      registry.checked(*each->live, kPassed, at(2));
    }
    ASSERT_EQ(registry.snapshot(), before);
  }
  EXPECT_TRUE(registry.take_changes().empty());

  for (const char* id : {"i0", "i5000", "i9999"}) {
    registry.failed(*before->find("web")->find(id)->live, {5, 0}, at(3));
  }
  const auto after = registry.snapshot();
  EXPECT_EQ(after->index, before->index + 3);
  std::set<std::string> changed;
  after->find("web")->instances.differences(before->find("web")->instances,
                                            [&](const std::string& id) { changed.insert(id); });
  EXPECT_EQ(changed, (std::set<std::string>{"i0", "i5000", "i9999"}));
}

// The control loop flips health while readers hold snapshots and read verdicts: what they see is
// always a whole version, and never an older one than before.
TEST(Threads, ReadersSeeWholeVersionsInOrder) {
  Registry registry("e1");
  config::Service web = service("web", sample::instances(8));
  web.check.rise = web.check.fall = 1;
  registry.reconcile({web}, true, at(0));

  std::mutex mutex;
  std::shared_ptr<const Snapshot> latest = registry.snapshot();
  const auto read_latest = [&] {
    const std::scoped_lock lock(mutex);
    return latest;
  };
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  const auto read = [&] {
    std::uint64_t last = 0;
    while (!done) {
      const auto snapshot = read_latest();
      const Service* service = snapshot->find("web");
      bool whole = snapshot->index >= last && service->index == snapshot->index;
      for (const auto& each : service->instances) {
        whole = whole && each->effective == judge(each->inputs);
        const Verdict verdict = each->live->verdict.load(std::memory_order_relaxed);
        whole = whole && (verdict == Verdict::eligible || verdict == Verdict::never);
      }
      last = snapshot->index;
      if (!whole) ++torn;
    }
  };
  std::thread readers[] = {std::thread(read), std::thread(read)};
  const auto web_at_first = read_latest()->find("web")->instances;
  const std::vector members(web_at_first.begin(), web_at_first.end());
  for (std::uint64_t round = 0; round < 2'000; ++round) {
    registry.checked(*members[round % 8]->live, round / 8 % 2 == 0 ? kPassed : kRefused, at(round));
    auto next = registry.snapshot();
    const std::scoped_lock lock(mutex);
    latest = std::move(next);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(latest->index, 8u + 2'000u) << "each of these probes was a flip";
}

}  // namespace
}  // namespace sluice::registry
