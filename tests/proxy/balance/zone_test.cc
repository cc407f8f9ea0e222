#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"
#include "tests/proxy/balance/policies.h"

namespace sluice::balance::testing {
namespace {

// Six members: a, b, c local, d, e elsewhere, all of priority 0; f, local, of priority 1.
class Zones : public ::testing::TestWithParam<config::Policy> {
 protected:
  std::shared_ptr<const Balancer> build(std::uint32_t min_local, bool prefer_local = true) {
    config::Balance balance;
    balance.policy = GetParam();
    balance.zone = {prefer_local, min_local};
    auto members = fleet({1, 1, 1, 1, 1, 1});
    for (const std::size_t local : {0, 1, 2, 5}) members[local].is_local = true;
    members[5].priority = 1;
    return make_balancer(balance, by_id(std::move(members)));
  }
};

INSTANTIATE_TEST_SUITE_P(Policies, Zones, ::testing::ValuesIn(kAllPolicies), policy_name);

// Everybody that some client is given, held for a while so that least connections shows them too.
std::string takers(const Balancer& balancer, const std::string& down,
                   const std::string& tried_ids = "") {
  for (const Member& member : balancer.members()) {
    const bool is_down = down.find(member.id()) != std::string::npos;
    member.live->verdict = is_down ? Verdict::never : Verdict::eligible;
  }
  Tried tried;
  for (const char id : tried_ids) tried.add(&live(balancer, std::string(1, id)));
  std::set<std::string> seen;
  Cursor cursor(0, 0);
  std::vector<Pick> held;
  for (std::uint32_t i = 0; i < 200; ++i) {
    held.push_back(balancer.pick(Key{client_address(i * 7919)}, tried, cursor));
    seen.insert(held.back() ? held.back().member->id() : "-");
  }
  std::string ids;
  for (const std::string& id : seen) ids += id;
  return ids;
}

TEST_P(Zones, GoBeforeOthersOfTheSamePriorityWhileTheyAreEnough) {
  struct Row {
    std::uint32_t min_local;
    std::string down, tried, expected;
  };
  const bool takes_one = GetParam() == config::Policy::first;  // of all that it may, the first
  for (const auto& [min_local, down, tried, expected] : {
           Row{1, "", "", "abc"},
           Row{3, "", "", "abc"},
           Row{4, "", "", "abcde"},      // more than there are: never preferred
           Row{1, "ab", "", "c"},        // one is left
           Row{2, "ab", "", "cde"},      // too few: all zones
           Row{1, "abc", "", "de"},      // none
           Row{1, "abcde", "", "f"},     // the next priority comes last
           Row{1, "", "a", "bc"},        // a retry stays in the zone while somebody is untried
           Row{3, "", "a", "bc"},        // who was tried counts among the eligible
           Row{1, "", "abc", "de"},      // then goes to the other zones, before the next priority
           Row{1, "", "abcde", "f"},     // whom nobody has tried
           Row{1, "", "abcdef", "abc"},  // then the search begins again
           Row{1, "abcdef", "", "-"},
       }) {
    const auto balancer = build(min_local);
    EXPECT_EQ(takers(*balancer, down, tried), takes_one ? expected.substr(0, 1) : expected)
        << "min_local " << min_local << ", down " << down << ", tried " << tried;
  }
}

TEST_P(Zones, DoNotCountUnlessTheyAreAskedFor) {
  EXPECT_EQ(takers(*build(1, false), ""), GetParam() == config::Policy::first ? "a" : "abcde");
}

// In the second pass of the search, it is the ejected ones that are counted.
TEST_P(Zones, ArePreferredAmongLastResortsToo) {
  const auto balancer = build(1);
  for (const Member& member : balancer->members()) member.live->verdict = Verdict::never;
  live(*balancer, "b").verdict = Verdict::last_resort;
  live(*balancer, "d").verdict = Verdict::last_resort;
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(home(*balancer, client_address(i)), "b");
}

TEST(LocalRing, IsOfTheZoneAlone) {
  for (const auto policy : {config::Policy::hash, config::Policy::maglev}) {
    config::Balance balance;
    balance.policy = policy;
    balance.zone = {true, 1};
    auto members = fleet({1, 1, 1, 1});
    members[1].is_local = members[3].is_local = true;
    const auto locals = balance_by(policy, {members[1], members[3]});
    const auto balancer = make_balancer(balance, by_id(members));
    for (std::uint32_t i = 0; i < 100; ++i) {
      const std::string key = client_address(i * 104729);
      EXPECT_EQ(home(*balancer, key), home(*locals, key)) << "no key depends on other zones";
    }
  }
}

}  // namespace
}  // namespace sluice::balance::testing
