#include <gtest/gtest.h>

#include <algorithm>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using sample::at;
using sample::instance;
using sample::look;
using sample::service;
using sample::unchecked;

using Services = std::vector<config::Service>;
constexpr auto kAdded = Change::Kind::added;
constexpr auto kRemoved = Change::Kind::removed;
constexpr auto kUpdated = Change::Kind::updated;
constexpr auto kState = Change::Kind::state;

struct Entry {
  Change::Kind kind;
  std::string id;
  std::string reason;
  friend bool operator==(const Entry&, const Entry&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Entry& entry) {
    return out << static_cast<int>(entry.kind) << ' ' << entry.id << " (" << entry.reason << ')';
  }
};

std::vector<Entry> journal(Registry& registry) {
  std::vector<Entry> entries;
  for (const Change& change : registry.take_changes()) {
    entries.push_back({change.kind, change.service + "/" + change.id, change.reason});
  }
  return entries;
}

TEST(Reconcile, TakesOverWhatTheConfigurationSays) {
  config::Instance said = instance("a", "[2001:db8::1]:80", 7);
  said.priority = 2;
  said.zone = "z1";
  said.labels = {{"role", "primary"}};
  said.meta = {{"rack", "12"}};
  Registry registry("e1");
  registry.reconcile({unchecked(service("web", {said}))}, true, at(5));

  const auto a = look(registry, "web", "a");
  EXPECT_EQ(a->address.text(), "[2001:db8::1]:80");
  EXPECT_EQ(a->weight, 7u);
  EXPECT_EQ(a->priority, 2u);
  EXPECT_EQ(a->zone, "z1");
  EXPECT_EQ(a->labels, said.labels);
  EXPECT_EQ(a->meta, said.meta);
  EXPECT_EQ(a->source, "static");
  EXPECT_EQ(a->since_ms, at(5).wall_ms);
  EXPECT_EQ(a->live->identity.service, "web");
  EXPECT_EQ(a->live->identity.id, "a");
  EXPECT_EQ(a->live->identity.incarnation, a->incarnation);
  EXPECT_EQ(a->live->identity.address, a->address);
}

TEST(Reconcile, NamesAnInstanceWithoutAnIdByItsAddress) {
  Registry registry("e1");
  registry.reconcile({service("web", {instance("", "10.0.0.1:80")})}, true, at(0));
  EXPECT_EQ(look(registry, "web", "10.0.0.1:80")->address.port, 80);
}

TEST(Reconcile, CountsOneForEachInstanceThatChanges) {
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(3)), service("pg", {})}, true, at(0));
  EXPECT_EQ(registry.snapshot()->index, 4u) << "three instances and a service without any";
  registry.reconcile({service("web", sample::instances(5))}, false, at(0));
  EXPECT_EQ(registry.snapshot()->index, 7u);
  EXPECT_EQ(registry.snapshot()->find("web")->index, 7u);
  registry.reconcile({}, false, at(0));
  EXPECT_EQ(registry.snapshot()->index, 12u);
}

TEST(Reconcile, SaysInTheJournalWhatHappenedInTheOrderOfNames) {
  Registry registry("e1");
  registry.reconcile(
      {unchecked(service("web", {instance("b", "10.0.0.2:80"), instance("a", "10.0.0.1:80")})),
       service("pg", {instance("p", "10.1.0.1:5432")}),
       service("old", {instance("o", "10.2.0.1:80")})},
      true, at(0));
  EXPECT_EQ(journal(registry), (std::vector<Entry>{{kAdded, "old/o", "check: no verdict yet"},
                                                   {kAdded, "pg/p", "check: no verdict yet"},
                                                   {kAdded, "web/a", "ok"},
                                                   {kAdded, "web/b", "ok"}}));

  registry.reconcile(
      {unchecked(service("web", {instance("c", "10.0.0.3:80"), instance("a", "10.0.0.9:80", 5)})),
       service("pg", {instance("p", "10.1.0.1:5432", 5)})},
      false, at(10));
  EXPECT_EQ(journal(registry), (std::vector<Entry>{{kRemoved, "old/o", "no longer configured"},
                                                   {kUpdated, "pg/p", "weight"},
                                                   {kRemoved, "web/b", "no longer configured"},
                                                   {kRemoved, "web/a", "replaced by 10.0.0.9:80"},
                                                   {kAdded, "web/a", "ok"},
                                                   {kAdded, "web/c", "ok"}}));
  EXPECT_TRUE(registry.take_changes().empty()) << "taken once";
}

TEST(Reconcile, FillsInEachEntryOfTheJournal) {
  Registry registry("e1");
  registry.reconcile({service("web", {instance("a", "10.0.0.1:80")})}, true, at(3));
  registry.reconcile({}, false, at(7));
  const auto changes = registry.take_changes();
  ASSERT_EQ(changes.size(), 2u);
  const Change added{kAdded,
                     1,
                     at(3).wall_ms,
                     "web",
                     "a",
                     1,
                     "10.0.0.1:80",
                     State::warming,
                     State::warming,
                     "check: no verdict yet",
                     changes[0].instance};
  EXPECT_EQ(changes[0], added);
  const Change removed{kRemoved,
                       2,
                       at(7).wall_ms,
                       "web",
                       "a",
                       1,
                       "10.0.0.1:80",
                       State::warming,
                       State::warming,
                       "no longer configured",
                       changes[1].instance};
  EXPECT_EQ(changes[1], removed);
}

TEST(Reconcile, SeesNoChangeInAnotherOrder) {
  Services services = {service("web", sample::instances(20)), service("pg", sample::instances(5)),
                       service("mq", {})};
  Registry registry("e1");
  registry.reconcile(services, true, at(0));
  const auto before = registry.snapshot();
  registry.take_changes();

  std::reverse(services.begin(), services.end());
  for (config::Service& each : services) {
    std::reverse(each.instances.begin(), each.instances.end());
  }
  registry.reconcile(services, false, at(10));
  EXPECT_EQ(registry.snapshot(), before);
  EXPECT_TRUE(registry.take_changes().empty());
}

// A limit holds from the first pick on, and a new one for those that are there as well.
TEST(Reconcile, LimitsEveryInstanceOfAService) {
  Registry registry("e1");
  Services services = {service("web", {instance("a", "10.0.0.1:80")}),
                       service("pg", {instance("b", "10.0.0.2:80")})};
  const auto limit = [&](const char* name, const char* id) -> std::uint32_t {
    return sample::live(registry, name, id)->limit;
  };
  services[0].limits.per_instance = 7;
  registry.reconcile(services, true, at(0));
  EXPECT_EQ(limit("web", "a"), 7u);
  EXPECT_EQ(limit("pg", "b"), Live::kUnlimited);

  services[0].limits.per_instance = 3;
  services[0].instances.push_back(instance("c", "10.0.0.3:80"));
  registry.reconcile(services, false, at(1));
  EXPECT_EQ(limit("web", "a"), 3u);
  EXPECT_EQ(limit("web", "c"), 3u);

  services[0].limits.per_instance = 0;
  registry.reconcile(services, false, at(2));
  EXPECT_EQ(limit("web", "a"), Live::kUnlimited);
}

TEST(Reconcile, LeavesWhatStaysUntouched) {
  Registry registry("e1");
  Services services = {service("web", sample::instances(2))};
  services[0].outlier.consecutive = 1;
  services[0].outlier.keep_at_least = 0;
  registry.reconcile(services, true, at(0));
  const auto live = sample::live(registry, "web", "i0");
  registry.checked(*live, sample::kPassed, at(1));
  registry.failed(*live, {1, 0}, at(2));
  registry.set_admin("web", "i0", Admin::drain, "rack 12", at(3));
  live->load = 3;
  const auto before = look(registry, "web", "i0");

  services[0].instances[0].weight = 9;
  services[0].instances[0].labels = {{"role", "replica"}};
  services[0].instances.push_back(instance("new", "10.9.0.1:80"));
  registry.reconcile(services, false, at(10));

  const auto after = look(registry, "web", "i0");
  EXPECT_EQ(after->weight, 9u);
  EXPECT_EQ(after->labels, services[0].instances[0].labels);
  EXPECT_EQ(after->live, live);
  EXPECT_EQ(live->load, 3u);
  EXPECT_EQ(after->incarnation, before->incarnation);
  EXPECT_EQ(after->effective, before->effective);
  EXPECT_EQ(after->since_ms, before->since_ms);
  EXPECT_EQ(after->inputs.check, CheckState::up);
  EXPECT_EQ(after->inputs.outlier, OutlierState::ejected);
  EXPECT_EQ(after->inputs.admin_reason, "rack 12");
  EXPECT_EQ(registry.next_ms(), 30'002u) << "the ejection runs on";
}

TEST(Reconcile, NamesTheKeysThatAnUpdateTookOver) {
  Registry registry("e1");
  config::Instance said = instance("a", "10.0.0.1:80");
  registry.reconcile({service("web", {said})}, true, at(0));
  registry.take_changes();
  said.weight = 2;
  said.priority = 1;
  said.zone = "z";
  said.labels = {{"l", "1"}};
  said.meta = {{"m", "1"}};
  registry.reconcile({service("web", {said})}, false, at(0));
  EXPECT_EQ(journal(registry),
            (std::vector<Entry>{{kUpdated, "web/a", "weight, priority, zone, labels, meta"}}));
}

TEST(Reconcile, MovesTheTopologyOnlyForWhatABalancerIsBuiltFrom) {
  Registry registry("e1");
  config::Instance said = instance("a", "10.0.0.1:80");
  const auto topology = [&] { return registry.snapshot()->find("web")->topology; };
  const auto reconcile = [&] { registry.reconcile({service("web", {said})}, false, at(0)); };
  reconcile();
  EXPECT_EQ(topology(), 1u);
  said.labels = {{"role", "primary"}};
  said.meta = {{"rack", "12"}};
  reconcile();
  registry.checked(*sample::live(registry, "web", "a"), sample::kPassed, at(1));
  registry.set_admin("web", "a", Admin::drain, "", at(2));
  EXPECT_EQ(topology(), 1u);
  EXPECT_EQ(registry.snapshot()->find("web")->index, 4u);
  said.weight = 2;
  reconcile();
  EXPECT_EQ(topology(), 5u);
  said.priority = 1;
  reconcile();
  EXPECT_EQ(topology(), 6u);
  said.zone = "z1";
  reconcile();
  EXPECT_EQ(topology(), 7u);
  said.address = "10.0.0.2:80";
  reconcile();
  EXPECT_EQ(topology(), 9u) << "one goes, one comes";
  registry.reconcile({service("web", {})}, false, at(3));
  EXPECT_EQ(topology(), 10u);
}

TEST(Reconcile, MakesAnotherAddressANewIncarnationThatStartsAfresh) {
  Registry registry("e1");
  registry.reconcile({service("web", {instance("a", "10.0.0.1:80")})}, true, at(0));
  const auto old_one = look(registry, "web", "a");
  registry.checked(*old_one->live, sample::kPassed, at(1));
  registry.set_admin("web", "a", Admin::drain, "", at(2));
  old_one->live->load = 1;
  LoadToken token = LoadToken::adopt(old_one->live);
  token.establish();

  registry.reconcile({service("web", {instance("a", "10.0.0.1:81")})}, false, at(3));
  const auto new_one = look(registry, "web", "a");
  EXPECT_GT(new_one->incarnation, old_one->incarnation);
  EXPECT_NE(new_one->live, old_one->live);
  EXPECT_EQ(new_one->effective.state, State::warming);
  EXPECT_EQ(new_one->inputs.admin, Admin::ready);
  EXPECT_EQ(new_one->live->active, 0u);
  EXPECT_EQ(old_one->live->active, 1u) << "counted where it was counted";
  EXPECT_EQ(old_one->live->condemned, Condemned::no);
  token.release();
  EXPECT_EQ(old_one->live->load, 0u);
  EXPECT_EQ(new_one->live->load, 0u);
}

TEST(Reconcile, GrowsTheIncarnationOfAnIdThatComesBack) {
  Registry registry("e1");
  const Services with = {service("web", {instance("a", "10.0.0.1:80")})};
  std::uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    registry.reconcile(with, false, at(0));
    const std::uint64_t incarnation = look(registry, "web", "a")->incarnation;
    EXPECT_GT(incarnation, last);
    last = incarnation;
    registry.reconcile({}, false, at(0));
  }
}

TEST(Reconcile, MakesAnInstanceThatLeavesALastResort) {
  Registry registry("e1");
  registry.reconcile({unchecked(service("web", sample::instances(2)))}, true, at(0));
  const auto leaves = sample::live(registry, "web", "i0");
  const auto stays = sample::live(registry, "web", "i1");
  registry.reconcile({unchecked(service("web", {sample::instances(2)[1]}))}, false, at(1));
  EXPECT_EQ(leaves->verdict, Verdict::last_resort) << "for plans that still hold it";
  EXPECT_EQ(stays->verdict, Verdict::eligible);
  registry.reconcile({}, false, at(2));
  EXPECT_EQ(stays->verdict, Verdict::last_resort) << "its service went";
}

struct Beginning {
  const char* situation;
  config::CheckType type;
  config::CheckInitial initial;
  bool first;
  State state;
  bool waited_for;
};

TEST(Reconcile, BeginsAnInstanceAsItsCheckSays) {
  using config::CheckInitial, config::CheckType;
  const Beginning table[] = {
      {"at start", CheckType::tcp, CheckInitial::checking, true, State::warming, true},
      {"later", CheckType::tcp, CheckInitial::checking, false, State::warming, false},
      {"at start, trusted", CheckType::tcp, CheckInitial::up, true, State::up, false},
      {"later, trusted", CheckType::http, CheckInitial::up, false, State::up, false},
      {"unchecked", CheckType::none, CheckInitial::checking, true, State::up, false},
  };
  for (const Beginning& row : table) {
    Registry registry("e1");
    config::Service web = service("web", {instance("a", "10.0.0.1:80")});
    web.check.type = row.type;
    web.check.initial = row.initial;
    registry.reconcile({web}, row.first, at(0));
    const auto a = look(registry, "web", "a");
    EXPECT_EQ(a->effective.state, row.state) << row.situation;
    EXPECT_EQ(a->live->verdict, row.state == State::up ? Verdict::eligible : Verdict::never)
        << row.situation;
    EXPECT_EQ(registry.awaits_first_verdicts(), row.waited_for) << row.situation;
  }
}

TEST(Reconcile, PutsEverybodyInRotationWhenTheCheckIsTakenAway) {
  Registry registry("e1");
  registry.reconcile({service("web", sample::instances(2))}, true, at(0));
  registry.checked(*sample::live(registry, "web", "i0"), sample::kRefused, at(1));
  registry.take_changes();
  registry.reconcile({unchecked(service("web", sample::instances(2)))}, false, at(2));
  EXPECT_TRUE(look(registry, "web", "i0")->is_up());
  EXPECT_TRUE(look(registry, "web", "i1")->is_up());
  EXPECT_EQ(look(registry, "web", "i0")->inputs.check, CheckState::none);
  EXPECT_EQ(journal(registry), (std::vector<Entry>{{kState, "web/i0", "check: none"},
                                                   {kState, "web/i1", "check: none"}}));
  EXPECT_FALSE(registry.awaits_first_verdicts());
}

TEST(Reconcile, LeavesAWorkingInstanceInRotationWhenACheckIsAdded) {
  Registry registry("e1");
  registry.reconcile({unchecked(service("web", sample::instances(1)))}, true, at(0));
  registry.reconcile({service("web", sample::instances(1))}, false, at(1));
  const auto live = sample::live(registry, "web", "i0");
  EXPECT_EQ(look(registry, "web", "i0")->inputs.check, CheckState::up);
  EXPECT_EQ(live->verdict, Verdict::eligible);
  EXPECT_FALSE(registry.awaits_first_verdicts());
  registry.checked(*live, sample::kRefused, at(2));
  registry.checked(*live, sample::kRefused, at(3));
  EXPECT_EQ(live->verdict, Verdict::eligible);
  registry.checked(*live, sample::kRefused, at(4));
  EXPECT_EQ(live->verdict, Verdict::never);
}

TEST(Reconcile, AppliesNewRulesToTheInstancesThatStay) {
  Registry registry("e1");
  config::Service web = service("web", sample::instances(2));
  registry.reconcile({web}, true, at(0));
  const auto live = sample::live(registry, "web", "i0");
  registry.checked(*live, sample::kPassed, at(1));
  web.check.fall = 1;
  web.outlier.consecutive = 2;
  web.outlier.keep_at_least = 0;
  registry.reconcile({web}, false, at(2));
  EXPECT_EQ(registry.snapshot()->index, 3u) << "a rule is no change of an instance";
  registry.failed(*live, {2, 0}, at(3));
  EXPECT_EQ(live->verdict, Verdict::last_resort);
  registry.checked(*live, sample::kRefused, at(4));
  EXPECT_EQ(live->verdict, Verdict::never);
}

TEST(Reconcile, ForgetsTheEjectionOfAnInstanceThatLeaves) {
  Registry registry("e1");
  config::Service web = unchecked(service("web", sample::instances(3)));
  web.outlier.consecutive = 1;
  web.outlier.max_percent = 34;  // one of three
  registry.reconcile({web}, true, at(0));
  registry.failed(*sample::live(registry, "web", "i0"), {1, 0}, at(1));
  ASSERT_NE(registry.next_ms(), UINT64_MAX);
  web.instances[0].address = "10.0.0.99:80";
  registry.reconcile({web}, false, at(2));
  EXPECT_EQ(registry.next_ms(), UINT64_MAX);
  const auto next = sample::live(registry, "web", "i1");
  registry.failed(*next, {1, 0}, at(3));
  EXPECT_EQ(next->verdict, Verdict::last_resort) << "its place among the ejected is free";
}

}  // namespace
}  // namespace sluice::registry
