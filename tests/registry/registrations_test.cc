// Instances that register themselves: incarnations, conflicts, leases, evidence, damping.
#include <gtest/gtest.h>

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

config::Endpoint endpoint(const std::string& text) {
  std::string why;
  return *config::Endpoint::parse(text, why);
}

Registration said(std::string id, const std::string& address) {
  Registration registration;
  registration.service = "web";
  registration.id = std::move(id);
  registration.address = endpoint(address);
  return registration;
}

class Registrations : public ::testing::Test {
 protected:
  Registrations() { begin({}); }
  void begin(config::Registry rules, config::Service web = unchecked(service("web", {}))) {
    registry.emplace("e1", std::move(rules));
    registry->reconcile({std::move(web)}, true, at(0));
    forget_lists();
  }
  void forget_lists() {
    registry->take_changes();
    registry->take_memos();
    registry->take_departed();
    registry->take_doubts();
  }
  Receipt enroll(const Registration& registration, std::uint64_t ms = 0) {
    return registry->enroll(registration, false, at(ms));
  }
  // What became of it, in one word: the state and, where it is not "ok", the reason.
  std::string state(const std::string& id) {
    const auto snapshot = registry->snapshot();
    const Instance* found = snapshot->find("web")->find(id);
    if (found == nullptr) return "gone";
    return std::string(word(found->effective.state)) + ": " + *found->effective.reason;
  }
  std::vector<std::string> told() {
    static constexpr std::string_view kKinds[] = {"added", "removed", "updated", "state"};
    std::vector<std::string> lines;
    for (const Change& change : registry->take_changes()) {
      lines.push_back(std::string(kKinds[static_cast<std::size_t>(change.kind)]) + " " + change.id +
                      ": " + change.reason);
    }
    return lines;
  }
  std::vector<std::string> memos() {
    std::vector<std::string> lines;
    for (const Memo& memo : registry->take_memos()) {
      lines.push_back((memo.instance ? "keep " : "erase ") + memo.id +
                      (memo.kind == Memo::Kind::admin ? " admin" : ""));
    }
    return lines;
  }
  // Advances as the control loop does, never more than half a second at once.
  void pass_to(std::uint64_t ms) {
    while (now_ms < ms) registry->advance(at(now_ms = std::min(now_ms + 100, ms)));
  }

  std::optional<Registry> registry;
  std::uint64_t now_ms = 0;
};

using Lines = std::vector<std::string>;

TEST_F(Registrations, AreInRotationAtOnce) {
  Registration a = said("a", "10.0.0.1:80");
  a.labels = {{"role", "primary"}};
  a.version = "1.2";
  const Receipt receipt = enroll(a);
  EXPECT_EQ(receipt.fault, Fault::none);
  EXPECT_TRUE(receipt.created);
  EXPECT_EQ(receipt.index, registry->snapshot()->index);
  const auto shown = look(*registry, "web", "a");
  EXPECT_EQ(shown, receipt.instance);
  EXPECT_TRUE(shown->is_up());
  EXPECT_EQ(shown->source, "registered");
  EXPECT_EQ(shown->version, "1.2");
  EXPECT_EQ(shown->ttl_ms, 30'000u);
  EXPECT_EQ(shown->inputs.lease, LeaseState::held);
  EXPECT_EQ(shown->live->lease_ends_ms, 30'000u);
  EXPECT_EQ(told(), Lines{"added a: ok"});
  EXPECT_EQ(memos(), Lines{"keep a"});
}

TEST_F(Registrations, AgainWithTheSameAddressRenew) {
  const Receipt first = enroll(said("a", "10.0.0.1:80"), 0);
  first.instance->live->selected = 7;
  forget_lists();
  Registration again = said("a", "10.0.0.1:80");
  again.weight = 5;
  again.labels = {{"zone", "x"}};
  const Receipt second = enroll(again, 20'000);
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.instance->incarnation, first.instance->incarnation);
  EXPECT_EQ(second.instance->live, first.instance->live);
  EXPECT_EQ(second.instance->weight, 5u);
  EXPECT_EQ(second.instance->live->lease_ends_ms, 50'000u);
  EXPECT_EQ(told(), Lines{"updated a: weight, labels"});
  EXPECT_TRUE(registry->take_departed().empty());
}

TEST_F(Registrations, WithoutAChangeAreNoChange) {
  enroll(said("a", "10.0.0.1:80"), 0);
  const auto index = registry->snapshot()->index;
  enroll(said("a", "10.0.0.1:80"), 1000);
  EXPECT_EQ(registry->snapshot()->index, index);
}

TEST_F(Registrations, WithAnotherAddressAreANewIncarnation) {
  const Receipt first = enroll(said("a", "10.0.0.1:80"));
  forget_lists();
  const Receipt second = enroll(said("a", "10.0.0.2:80"));
  EXPECT_TRUE(second.created);
  EXPECT_GT(second.instance->incarnation, first.instance->incarnation);
  const auto departed = registry->take_departed();
  ASSERT_EQ(departed.size(), 1u);
  EXPECT_EQ(departed[0].live, first.instance->live);
  EXPECT_EQ(departed[0].drain, std::nullopt);
  EXPECT_EQ(told(), (Lines{"removed a: replaced by 10.0.0.2:80", "added a: ok"}));
  EXPECT_EQ(memos(), Lines{"keep a"});
}

TEST_F(Registrations, AtAnothersAddressSupersedeIt) {
  enroll(said("ghost", "10.0.0.1:80"));
  forget_lists();
  EXPECT_TRUE(enroll(said("new", "10.0.0.1:80")).created);
  EXPECT_EQ(state("ghost"), "gone");
  EXPECT_EQ(told(), (Lines{"removed ghost: superseded by new", "added new: ok"}));
  EXPECT_EQ(memos(), (Lines{"erase ghost", "keep new"}));
}

TEST_F(Registrations, ThatAreRefusedChangeNothing) {
  config::Service web = unchecked(service("web", {instance("s", "10.0.0.9:80")}));
  begin({}, web);
  enroll(said("a", "10.0.0.1:80"));
  forget_lists();
  const auto index = registry->snapshot()->index;
  Registration elsewhere = said("a", "10.0.0.1:80");
  elsewhere.service = "nowhere";
  Registration hasty = said("b", "10.0.0.2:80"), lazy = hasty;
  hasty.ttl_ms = 999;
  lazy.ttl_ms = 600'001;
  const std::vector<std::tuple<Registration, bool, Fault, std::string>> cases = {
      {elsewhere, false, Fault::unknown_service, "there is no service nowhere"},
      {said("s", "10.0.0.2:80"), false, Fault::static_instance,
       "the instance s of web is a static one of the configuration"},
      {said("b", "10.0.0.9:80"), false, Fault::static_instance,
       "the address 10.0.0.9:80 is that of the static instance s of web"},
      {said("a", "10.0.0.1:80"), true, Fault::exists, "the instance a of web exists"},
      {hasty, false, Fault::ttl_out_of_bounds, "ttl 999ms is not from 1s to 600s, or 0s"},
      {lazy, false, Fault::ttl_out_of_bounds, "ttl 600001ms is not from 1s to 600s, or 0s"},
  };
  for (const auto& [registration, creates, fault, message] : cases) {
    const Receipt receipt = registry->enroll(registration, creates, at(5));
    EXPECT_EQ(receipt.fault, fault) << message;
    EXPECT_EQ(receipt.message, message);
  }
  EXPECT_EQ(registry->snapshot()->index, index);
  EXPECT_EQ(memos(), Lines{});
  web.registration = false;
  registry->reconcile({web}, false, at(6));
  EXPECT_EQ(enroll(said("c", "10.0.0.3:80")).fault, Fault::closed);
  EXPECT_EQ(state("a"), "up: ok") << "who is there already stays";
}

TEST_F(Registrations, AreFencedByIncarnation) {
  const auto first = enroll(said("a", "10.0.0.1:80")).instance->incarnation;
  const auto second = enroll(said("a", "10.0.0.2:80")).instance->incarnation;
  forget_lists();
  Beat late;
  late.incarnation = first;
  late.status = State::down;
  const Receipt beat = registry->beat("web", "a", late, at(10));
  EXPECT_EQ(beat.fault, Fault::older_incarnation);
  EXPECT_EQ(beat.message, "incarnation 1 of a has been replaced by 2");
  EXPECT_EQ(registry->leave("web", "a", first, {}, at(10)).fault, Fault::older_incarnation);
  EXPECT_EQ(state("a"), "up: ok");
  EXPECT_EQ(registry->leave("web", "a", second, {}, at(10)).fault, Fault::none);
  EXPECT_EQ(state("a"), "gone");
}

TEST_F(Registrations, NeverGetAnIncarnationTwice) {
  const auto first = enroll(said("a", "10.0.0.1:80")).instance->incarnation;
  registry->leave("web", "a", {}, {}, at(1));
  EXPECT_GT(enroll(said("a", "10.0.0.1:80")).instance->incarnation, first);
  registry->keep_incarnations_above(1000);
  EXPECT_EQ(enroll(said("b", "10.0.0.2:80")).instance->incarnation, 1001u);
}

TEST_F(Registrations, LeaveWithTheirDrain) {
  const Receipt a = enroll(said("a", "10.0.0.1:80"));
  forget_lists();
  const Receipt left = registry->leave("web", "a", {}, config::Duration(7000), at(5));
  EXPECT_EQ(left.fault, Fault::none);
  EXPECT_EQ(left.index, registry->snapshot()->index);
  EXPECT_EQ(left.instance->live, a.instance->live);
  EXPECT_EQ(told(), Lines{"removed a: deregistered"});
  EXPECT_EQ(memos(), Lines{"erase a"});
  EXPECT_EQ(registry->take_departed().at(0).drain, config::Duration(7000));
  EXPECT_EQ(registry->leave("web", "a", {}, {}, at(6)).fault, Fault::unknown_instance);
  EXPECT_EQ(registry->leave("nowhere", "a", {}, {}, at(6)).fault, Fault::unknown_service);
}

TEST_F(Registrations, KeepTheOperatorsWordOverARenewal) {
  enroll(said("a", "10.0.0.1:80"));
  forget_lists();
  EXPECT_TRUE(registry->set_admin("web", "a", Admin::drain, "disk swap", at(1)));
  enroll(said("a", "10.0.0.1:80"), 2);
  EXPECT_EQ(state("a"), "draining: admin: drain: disk swap");
  EXPECT_EQ(memos(), (Lines{"keep a admin", "keep a"}));
  registry->leave("web", "a", {}, {}, at(3));
  EXPECT_EQ(memos(), (Lines{"erase a", "erase a admin"}));
}

TEST_F(Registrations, GiveWayToAStaticInstanceOfAReload) {
  enroll(said("a", "10.0.0.1:80"));
  enroll(said("b", "10.0.0.2:80"));
  enroll(said("c", "10.0.0.3:80"));
  forget_lists();
  registry->reconcile(
      {unchecked(service("web", {instance("a", "10.0.0.7:80"), instance("x", "10.0.0.2:80")}))},
      false, at(1));
  EXPECT_EQ(told(), (Lines{"removed a: replaced by 10.0.0.7:80", "added a: ok",
                           "removed b: superseded by the static instance x", "added x: ok"}));
  EXPECT_EQ(memos(), (Lines{"erase a", "erase b"}));
  EXPECT_EQ(state("c"), "up: ok") << "registered instances survive a reload";
  registry->reconcile({}, false, at(2));
  EXPECT_EQ(registry->snapshot()->services.size(), 0u);
  EXPECT_EQ(registry->take_departed().size(), 5u);
}

TEST_F(Registrations, ComeBackFromTheStoreWithAFullTtl) {
  begin({}, service("web", {}));
  EXPECT_TRUE(registry->restore(said("a", "10.0.0.1:80"), 41, at(100)));
  EXPECT_FALSE(registry->restore(said("b", "10.0.0.1:80"), 42, at(100))) << "the address is taken";
  Registration elsewhere = said("a", "10.0.0.5:80");
  elsewhere.service = "nowhere";
  EXPECT_FALSE(registry->restore(elsewhere, 43, at(100)));
  const auto shown = look(*registry, "web", "a");
  EXPECT_EQ(shown->incarnation, 41u);
  EXPECT_EQ(shown->live->lease_ends_ms, 30'100u);
  EXPECT_EQ(state("a"), "warming: check: no verdict yet");
  EXPECT_TRUE(registry->awaits_first_verdicts());
  EXPECT_EQ(memos(), Lines{}) << "the store has it already";
  EXPECT_EQ(enroll(said("c", "10.0.0.3:80")).instance->incarnation, 42u);
}

// --- Reports

TEST_F(Registrations, SayTheirWeightLoadAndStatusWithAReport) {
  const Receipt a = enroll(said("a", "10.0.0.1:80"));
  forget_lists();
  Beat beat;
  beat.weight = 3;
  beat.load = 0.7;
  beat.status = State::draining;
  const Receipt receipt = registry->beat("web", "a", beat, at(9000));
  EXPECT_EQ(receipt.fault, Fault::none);
  EXPECT_EQ(receipt.instance->weight, 3u);
  EXPECT_EQ(receipt.instance->live->lease_ends_ms, 39'000u);
  EXPECT_EQ(receipt.instance->live->reported_load, 0.7);
  EXPECT_EQ(state("a"), "draining: status: draining");
  EXPECT_EQ(a.instance->live->verdict, Verdict::never);
  beat = {};
  beat.status = State::up;
  registry->beat("web", "a", beat, at(9001));
  EXPECT_EQ(state("a"), "up: ok");
  EXPECT_EQ(memos(), Lines{"keep a"}) << "the weight is kept";
}

TEST_F(Registrations, ReportedOnWithoutNewsChangeNothing) {
  enroll(said("a", "10.0.0.1:80"));
  const auto snapshot = registry->snapshot();
  forget_lists();
  for (std::uint64_t ms = 0; ms < 600'000; ms += 10'000) {
    EXPECT_EQ(registry->beat("web", "a", {}, at(ms)).fault, Fault::none);
    registry->advance(at(ms));
  }
  EXPECT_EQ(registry->snapshot(), snapshot);
  EXPECT_EQ(memos(), Lines{});
}

TEST_F(Registrations, ThatAreUnknownMustRegisterAgain) {
  EXPECT_EQ(registry->beat("web", "a", {}, at(0)).fault, Fault::unknown_instance);
  EXPECT_EQ(registry->beat("nowhere", "a", {}, at(0)).fault, Fault::unknown_service);
}

// --- Leases

config::Registry believing() {
  config::Registry rules;
  rules.on_expire = {.delete_after = std::chrono::seconds(5), .verify = config::Verify::none};
  return rules;
}

TEST_F(Registrations, GoDownAtTheirTtlAndAreForgottenLater) {
  begin(believing());
  Registration a = said("a", "10.0.0.1:80");
  a.ttl_ms = 1000;
  const Receipt receipt = enroll(a);
  pass_to(900);
  EXPECT_EQ(state("a"), "up: ok");
  pass_to(1000);
  EXPECT_EQ(state("a"), "down: lease: no heartbeat for 1s");
  EXPECT_EQ(receipt.instance->live->verdict, Verdict::never);
  forget_lists();
  pass_to(5900);
  EXPECT_EQ(state("a"), "down: lease: no heartbeat for 1s");
  pass_to(6000);
  EXPECT_EQ(state("a"), "gone");
  EXPECT_EQ(memos(), Lines{"erase a"});
  EXPECT_EQ(registry->take_departed().size(), 1u);
  EXPECT_EQ(registry->beat("web", "a", {}, at(6000)).fault, Fault::unknown_instance);
  EXPECT_EQ(registry->next_ms(), UINT64_MAX);
}

TEST_F(Registrations, ThatReportedInTimeStayForEver) {
  begin(believing());
  Registration a = said("a", "10.0.0.1:80");
  a.ttl_ms = 1000;
  enroll(a);
  forget_lists();
  for (int third = 1; third < 100; ++third) {
    registry->beat("web", "a", {}, at(now_ms));
    pass_to(now_ms + 333);
  }
  EXPECT_EQ(told(), Lines{});
}

TEST_F(Registrations, ComeBackWithAReportBeforeTheyAreForgotten) {
  begin(believing());
  enroll(said("a", "10.0.0.1:80"));
  pass_to(31'000);
  EXPECT_EQ(state("a"), "down: lease: no heartbeat for 30s");
  EXPECT_EQ(registry->beat("web", "a", {}, at(31'000)).fault, Fault::none);
  EXPECT_EQ(state("a"), "up: ok");
}

// However many end at once, each call has its bound, and the rest is due still.
TEST_F(Registrations, ThatEndTogetherEndInParts) {
  config::Registry rules;
  rules.on_expire.verify = config::Verify::none;
  rules.self_preservation.threshold = 1;
  rules.own_lag_guard = false;
  begin(rules);
  constexpr std::size_t kAll = 2 * Registry::kMostAtOnce + 1;
  for (std::size_t i = 0; i < kAll; ++i) {
    enroll(said("i" + std::to_string(i),
                "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":80"));
  }
  forget_lists();
  for (const std::size_t ended : {Registry::kMostAtOnce, Registry::kMostAtOnce, std::size_t{1}}) {
    EXPECT_LE(registry->next_ms(), 30'000u);
    registry->advance(at(30'000));
    EXPECT_EQ(registry->take_changes().size(), ended);
  }
  EXPECT_GT(registry->next_ms(), 30'000u);
}

TEST_F(Registrations, ShareWhatTheyHaveInCommon) {
  Registration a = said("a", "10.0.0.1:80"), b = said("b", "10.0.0.2:80");
  a.zone = b.zone = "zone-a";
  a.labels = b.labels = {{"version", "v7"}};
  const auto first = enroll(a).instance;
  const auto second = enroll(b).instance;
  EXPECT_EQ(&*first->zone, &*second->zone);
  EXPECT_EQ(&*first->labels, &*second->labels);
  EXPECT_EQ(&*first->live->identity.service, &*second->live->identity.service);
  EXPECT_EQ(&*first->live->identity.id, &*first->id);
}

TEST_F(Registrations, WithoutALeaseStay) {
  begin(believing());
  Registration a = said("a", "10.0.0.1:80");
  a.ttl_ms = 0;
  EXPECT_EQ(enroll(a).instance->inputs.lease, LeaseState::none);
  pass_to(3'600'000);
  EXPECT_EQ(state("a"), "up: ok");
  EXPECT_EQ(registry->next_ms(), UINT64_MAX);
}

TEST_F(Registrations, ThatMissAReportAreDoubtedBeforeItIsBelieved) {
  const Receipt a = enroll(said("a", "10.0.0.1:80"));
  pass_to(30'000);
  EXPECT_EQ(state("a"), "up: lease_missed");
  ASSERT_EQ(registry->take_doubts().size(), 1u);
  registry->vouch(*a.instance->live, at(30'010));
  pass_to(31'900);
  EXPECT_TRUE(registry->take_doubts().empty()) << "an interval of the check is 2 s";
  pass_to(32'100);
  ASSERT_EQ(registry->take_doubts().size(), 1u);
  EXPECT_EQ(state("a"), "up: lease_missed");
  registry->give_up(*a.instance->live, "the probe failed: connection refused", at(32'200));
  EXPECT_EQ(state("a"),
            "down: lease: no heartbeat for 32200ms; the probe failed: connection refused");
}

TEST_F(Registrations, WhoseChecksPassAreNotDoubted) {
  begin({}, service("web", {}));
  const Receipt a = enroll(said("a", "10.0.0.1:80"));
  registry->checked(*a.instance->live, kPassed, at(0));
  pass_to(29'000);
  registry->checked(*a.instance->live, kPassed, at(29'000));
  pass_to(30'500);
  EXPECT_EQ(state("a"), "up: lease_missed");
  EXPECT_TRUE(registry->take_doubts().empty());
  pass_to(40'000);
  EXPECT_EQ(registry->take_doubts().size(), 1u) << "the last pass is too old by now";
}

TEST_F(Registrations, AnsweredForTooLateAreLeftAlone) {
  const Receipt a = enroll(said("a", "10.0.0.1:80"));
  pass_to(30'000);
  registry->beat("web", "a", {}, at(30'001));
  registry->give_up(*a.instance->live, "", at(30'002));
  EXPECT_EQ(state("a"), "up: ok");
  enroll(said("a", "10.0.0.2:80"), 30'003);
  registry->give_up(*a.instance->live, "", at(30'004));
  EXPECT_EQ(state("a"), "up: ok");
}

// --- Own lag

TEST_F(Registrations, DoNotPayForAStallOfOurs) {
  begin(believing());
  Registration a = said("a", "10.0.0.1:80");
  a.ttl_ms = 1000;
  enroll(a);
  pass_to(600);
  registry->advance(at(3600));  // stopped for three ttls
  EXPECT_EQ(state("a"), "up: ok");
  now_ms = 3600;
  pass_to(3900);
  EXPECT_EQ(state("a"), "up: ok");
  pass_to(4000);
  EXPECT_EQ(state("a"), "down: lease: no heartbeat for 1s");
}

TEST_F(Registrations, PayForItWhereTheGuardIsOff) {
  config::Registry rules = believing();
  rules.own_lag_guard = false;
  begin(rules);
  Registration a = said("a", "10.0.0.1:80");
  a.ttl_ms = 1000;
  enroll(a);
  registry->advance(at(3600));
  EXPECT_EQ(state("a"), "down: lease: no heartbeat for 3600ms");
}

TEST_F(Registrations, AreLookedAtOftenEnoughToTellAStall) {
  enroll(said("a", "10.0.0.1:80"), 0);
  registry->advance(at(100));
  EXPECT_EQ(registry->next_ms(), 600u);
}

// --- Self-preservation

TEST_F(Registrations, OfWhichMostGoQuietAtOnceAreVerified) {
  begin(believing());
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    enroll(said("i" + number, "10.0.0." + std::to_string(i + 1) + ":80"),
           static_cast<std::uint64_t>(i * 100));
  }
  now_ms = 10'000;
  while (now_ms < 45'000) {
    for (int i = 90; i < 100; ++i) registry->beat("web", "i" + std::to_string(i), {}, at(now_ms));
    pass_to(now_ms + 1000);
    for (const Doubt& doubt : registry->take_doubts()) {
      const bool answers = doubt.live->identity.id != "i7";
      if (answers) registry->vouch(*doubt.live, at(now_ms));
      if (!answers) registry->give_up(*doubt.live, "the probe failed", at(now_ms));
    }
  }
  const auto web = registry->snapshot()->services.find("web");
  for (const auto& each : web->instances) {
    EXPECT_EQ(each->is_up(), each->id != "i7") << *each->id << " " << *each->effective.reason;
  }
  EXPECT_EQ(state("i0"), "up: lease_missed");
}

TEST_F(Registrations, AreNotHeldByVerificationForEver) {
  config::Registry rules = believing();
  rules.self_preservation.max_hold = std::chrono::seconds(20);
  begin(rules);
  for (const std::string id : {"1", "2", "3"}) enroll(said(id, "10.0.0." + id + ":80"), 0);
  while (now_ms < 49'000) {
    pass_to(now_ms + 500);
    for (const Doubt& doubt : registry->take_doubts()) registry->vouch(*doubt.live, at(now_ms));
  }
  EXPECT_EQ(state("1"), "up: lease_missed");
  while (now_ms < 53'000) {
    pass_to(now_ms + 500);
    for (const Doubt& doubt : registry->take_doubts()) registry->vouch(*doubt.live, at(now_ms));
  }
  for (const std::string id : {"1", "2", "3"}) {
    EXPECT_TRUE(state(id).starts_with("down: lease: no heartbeat")) << state(id);
  }
}

TEST_F(Registrations, OfWhichFewGoQuietAreBelieved) {
  begin(believing());
  for (const std::string id : {"1", "2"}) enroll(said(id, "10.0.0." + id + ":80"), 0);
  pass_to(30'000);
  EXPECT_TRUE(registry->take_doubts().empty());
  EXPECT_EQ(state("1"), "down: lease: no heartbeat for 30s");
  EXPECT_EQ(state("2"), "down: lease: no heartbeat for 30s");
}

// --- Damping

TEST_F(Registrations, ThatKeepGoingDownAreALastResortForAWhile) {
  config::Service web = service("web", {});
  web.check.rise = web.check.fall = 1;
  begin({}, web);
  Registration said_a = said("a", "10.0.0.1:80");
  said_a.ttl_ms = 0;
  const Receipt a = enroll(said_a);
  const Live& live = *a.instance->live;
  registry->checked(live, kPassed, at(0));
  for (int falls = 0; falls < 3; ++falls) {
    EXPECT_EQ(state("a"), "up: ok");
    registry->checked(live, kRefused, at(1));
    EXPECT_EQ(state("a"), "down: check: connection refused");
    registry->checked(live, kPassed, at(1));
  }
  EXPECT_EQ(state("a"), "down: flap: went down too often; penalty 3000, back in 60s");
  EXPECT_EQ(live.verdict, Verdict::last_resort);
  registry->advance(at(60'000));
  EXPECT_EQ(state("a"), "down: flap: went down too often; penalty 3000, back in 60s");
  registry->advance(at(60'001));
  EXPECT_EQ(state("a"), "up: ok");
}

// --- Checks of their own

config::OwnCheck own(std::string_view text) {
  std::string why;
  const auto parsed = config::OwnCheck::parse(text, why);
  EXPECT_TRUE(parsed) << why;
  return parsed.value_or(config::OwnCheck());
}

class OwnChecks : public Registrations {
 protected:
  OwnChecks() { begin({}, service("web", {})); }  // rise 2, fall 3
  Receipt enroll_with(std::string_view check, std::optional<std::uint64_t> ttl_ms = {}) {
    Registration a = said("a", "10.0.0.1:80");
    a.check = own(check);
    a.ttl_ms = ttl_ms;
    return enroll(a);
  }
  // '+' a probe that passes, '-' one that fails; the state after each: U(p), D(own), W(arming).
  std::string probe(std::string_view outcomes) {
    std::string states;
    for (const char outcome : outcomes) {
      registry->checked(*live(), outcome == '+' ? kPassed : kRefused, at(now_ms));
      states += static_cast<char>(state("a")[0] - 'a' + 'A');
    }
    return states;
  }
  std::shared_ptr<Live> live() { return look(*registry, "web", "a")->live; }
  void reload(const config::Check& check) {
    config::Service web = service("web", {});
    web.check = check;
    registry->reconcile({web}, false, at(now_ms));
  }
};

TEST_F(OwnChecks, DecideByTheirOwnCounts) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "UUUDDU"},
      {R"({"fall": 1})", "UDDDDU"},
      {R"({"rise": 1})", "UUUDUU"},
      {R"({"fall": 4})", "UUUUUU"},
  };
  for (const auto& [check, states] : cases) {
    begin({}, service("web", {}));
    enroll_with(check);
    EXPECT_EQ(state("a"), "warming: check: no verdict yet");
    EXPECT_EQ(probe("+---++"), states) << check;
  }
}

TEST_F(OwnChecks, BeginAsTheySay) {
  enroll_with(R"({"initial": "up"})");
  EXPECT_EQ(state("a"), "up: ok");
  EXPECT_EQ(probe("---"), "UUD");
}

TEST_F(OwnChecks, AreWhereTheServiceHasNone) {
  begin({});
  enroll_with(R"({"type": "tcp"})");
  EXPECT_EQ(state("a"), "warming: check: no verdict yet");
  EXPECT_EQ(probe("-"), "D");
}

TEST_F(OwnChecks, AreTakenOverAndTakenBackUnderTheSameIncarnation) {
  const auto incarnation = enroll_with("{}").instance->incarnation;
  EXPECT_EQ(probe("+"), "U");
  forget_lists();
  const Receipt again = enroll_with(R"({"fall": 1})");
  EXPECT_EQ(again.instance->incarnation, incarnation);
  EXPECT_EQ(told(), Lines{"updated a: check"});
  EXPECT_EQ(memos(), Lines{"keep a"});
  EXPECT_EQ(probe("-"), "D");
  enroll_with("{}");
  EXPECT_EQ(probe("++---"), "DUUUD");
}

TEST_F(OwnChecks, AreTurnedOffAndOn) {
  enroll_with("{}");
  EXPECT_EQ(probe("-"), "D");
  forget_lists();
  enroll_with(R"({"type": "none"})");
  EXPECT_EQ(state("a"), "up: ok");
  EXPECT_EQ(look(*registry, "web", "a")->inputs.check, CheckState::none);
  EXPECT_EQ(told(), (Lines{"updated a: check", "state a: check: none"}));
  enroll_with("{}");
  EXPECT_EQ(state("a"), "up: ok") << "until probed";
  EXPECT_EQ(probe("---"), "UUD");
}

TEST_F(OwnChecks, KeepWhatTheySayWhenTheServicesChanges) {
  enroll_with(R"({"fall": 1})");
  EXPECT_EQ(probe("+"), "U");
  config::Check check;
  check.rise = 1;
  check.fall = 9;
  reload(check);
  EXPECT_EQ(probe("-+"), "DU") << "its own fall, the service's new rise";
  EXPECT_EQ(look(*registry, "web", "a")->own_check, own(R"({"fall": 1})"));
}

TEST_F(OwnChecks, OffWithoutALeaseCountsForNothingOnceTheServiceHasOne) {
  begin({});
  ASSERT_EQ(enroll_with(R"({"type": "none"})", 0).fault, Fault::none);
  reload({});
  EXPECT_EQ(probe("---"), "UUD");
}

TEST_F(OwnChecks, OutOfBoundsChangeNothing) {
  enroll_with(R"({"fall": 1})");
  forget_lists();
  const auto index = registry->snapshot()->index;
  struct Row {
    const char* check;
    std::optional<std::uint64_t> ttl_ms;
    const char* why;
  };
  for (const Row& row : {Row{R"({"interval": "100ms"})", {}, "check.interval: 100ms is below"},
                         Row{R"({"type": "none"})", 0, "check.type: none takes a lease"}}) {
    const Receipt refused = enroll_with(row.check, row.ttl_ms);
    EXPECT_EQ(refused.fault, Fault::check_refused);
    EXPECT_TRUE(refused.message.starts_with(row.why)) << refused.message;
  }
  EXPECT_EQ(registry->snapshot()->index, index);
  EXPECT_EQ(memos(), Lines());
  EXPECT_EQ(look(*registry, "web", "a")->own_check, own(R"({"fall": 1})"));
}

TEST_F(OwnChecks, AreRestoredAndWaitedFor) {
  begin({});
  Registration a = said("a", "10.0.0.1:80");
  a.check = own(R"({"type": "tcp", "interval": "100ms"})");  // of a service that was busier
  ASSERT_TRUE(registry->restore(a, 7, at(0)));
  EXPECT_TRUE(registry->awaits_first_verdicts());
  EXPECT_EQ(probe("+"), "U");
  EXPECT_FALSE(registry->awaits_first_verdicts());
}

// Whoever wants to be probed once a minute is not believed to be there for a minute.
TEST_F(OwnChecks, DoNotStretchTheEvidenceOfWhoIsSilent) {
  enroll_with(R"({"interval": "1m"})", 10'000);
  pass_to(1'000);
  EXPECT_EQ(probe("+"), "U");
  forget_lists();
  pass_to(10'500);
  EXPECT_EQ(registry->take_doubts().size(), 1u) << "a probe of nine seconds ago says nothing";
}

TEST_F(OwnChecks, AreKeptOnceHoweverManySayTheSame) {
  for (const char* id : {"a", "b"}) {
    Registration each = said(id, id == std::string("a") ? "10.0.0.1:80" : "10.0.0.2:80");
    each.check = own(R"({"fall": 1})");
    enroll(each);
  }
  EXPECT_EQ(&*look(*registry, "web", "a")->own_check, &*look(*registry, "web", "b")->own_check);
}

}  // namespace
}  // namespace sluice::registry
