#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

// Both hashing policies promise the same; only their evenness differs.
class Hashing : public ::testing::TestWithParam<config::Policy> {
 protected:
  static std::shared_ptr<const Balancer> hashing(std::vector<Member> members) {
    return balance_by(GetParam(), std::move(members));
  }
};

using Homes = std::map<std::string, std::string>;  // key to id

// Where the first `keys` of a fixed row of random IPv4 clients go.
Homes homes(const Balancer& balancer, std::size_t keys) {
  Homes all;
  std::mt19937 dice(1);
  Cursor cursor(0, 0);
  while (all.size() < keys) {
    const std::string key = client_address(static_cast<std::uint32_t>(dice()));
    all[key] = home(balancer, key, cursor);
  }
  return all;
}

std::map<std::string, double> shares(const Homes& homes, std::size_t instances) {
  std::map<std::string, double> counts;
  for (const auto& [key, id] : homes) ++counts[id];
  for (auto& [id, count] : counts) {
    count *= static_cast<double>(instances) / static_cast<double>(homes.size());
  }
  return counts;  // 1.0 is an equal share
}

std::map<std::string, double> shares(const Balancer& balancer, std::size_t keys) {
  return shares(homes(balancer, keys), balancer.members().size());
}

double greatest(const std::map<std::string, double>& shares) {
  double most = 0;
  for (const auto& [id, share] : shares) most = std::max(most, share);
  return most;
}

TEST_P(Hashing, TheSameClientGoesToTheSameInstanceByWhicheverWorker) {
  const auto balancer = hashing(fleet({1, 1, 1}));
  for (const char* client : {"192.0.2.7", "2001:db8::7"}) {
    const std::string expected = home(*balancer, client);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Cursor cursor(static_cast<std::uint32_t>(seed), seed);
      EXPECT_EQ(pick_ids(*balancer, cursor, 1, {}, client)[0], expected);
    }
  }
}

TEST_P(Hashing, LoadDoesNotMoveAKey) {
  const auto balancer = hashing(fleet({1, 1, 1}));
  const std::string expected = home(*balancer, "192.0.2.7");
  live(*balancer, expected).load = 1000;
  EXPECT_EQ(home(*balancer, "192.0.2.7"), expected);
}

TEST_P(Hashing, WithoutAKeyInstancesTakeTurnsByWeight) {
  Cursor two(0, 0);
  EXPECT_EQ(sequence(*hashing(fleet({1, 1})), two, 4), "abab");
  Cursor three(0, 0);
  EXPECT_EQ(sequence(*hashing(fleet({1, 1, 1})), three, 6), "abcabc");
  Cursor weighted(0, 0);
  EXPECT_EQ(sequence(*hashing(fleet({5, 1, 1})), weighted, 7), "aabacaa");
}

TEST_P(Hashing, WhileOneIsDownOnlyItsKeysMove) {
  const auto balancer = hashing(fleet({1, 1, 10}));
  const Homes before = homes(*balancer, 500);
  live(*balancer, "b").verdict = Verdict::never;
  std::map<std::string, int> heirs;
  for (const auto& [key, id] : before) {
    const std::string now = home(*balancer, key);
    if (id == "b") {
      ++heirs[now];
    } else {
      ASSERT_EQ(now, id) << key;
    }
  }
  EXPECT_FALSE(heirs.contains("b"));
  live(*balancer, "b").verdict = Verdict::eligible;
  EXPECT_EQ(homes(*balancer, 500), before) << "all keys come home";
}

TEST_P(Hashing, TheKeysOfADownInstanceSpreadOverTheOthers) {
  const auto balancer = hashing(crowd(5));
  const std::string down = balancer->members()[2].id();
  const Homes before = homes(*balancer, 5000);
  live(*balancer, down).verdict = Verdict::never;
  std::map<std::string, int> heirs;
  for (const auto& [key, id] : before) {
    if (id == down) ++heirs[home(*balancer, key)];
  }
  ASSERT_EQ(heirs.size(), 4u);
  for (const auto& [id, count] : heirs) EXPECT_GT(count, 100) << id;
}

TEST_P(Hashing, ATriedInstanceIsPassedOverLikeADownOne) {
  const auto balancer = hashing(crowd(5));
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::string key = client_address(i);
    registry::Live& first = live(*balancer, home(*balancer, key));
    Tried tried;
    tried.add(&first);
    const std::string retried = home(*balancer, key, tried);
    EXPECT_NE(retried, first.identity.id);
    first.verdict = Verdict::never;
    EXPECT_EQ(home(*balancer, key), retried);
    first.verdict = Verdict::eligible;
  }
}

TEST_P(Hashing, ReorderingMovesNoKey) {
  for (std::uint32_t weight : {1u, 10u}) {
    auto members = crowd(10, weight);
    const Homes before = homes(*hashing(members), 20000);
    std::reverse(members.begin(), members.end());
    EXPECT_EQ(homes(*hashing(members), 20000), before) << "weight " << weight;
    // Ids that sort the other way round: a home is an address, not a name.
    std::vector<Member> renamed;
    for (std::size_t i = 0; i < members.size(); ++i) {
      renamed.push_back(make_member(std::to_string(i), members[i].address(), weight));
    }
    const auto balancer = hashing(renamed);
    Cursor cursor(0, 0);
    for (const auto& [key, id] : before) {
      const std::string now = home(*balancer, key, cursor);
      ASSERT_EQ(members[std::stoul(now)].id(), id) << key;
    }
  }
}

TEST_P(Hashing, TheLastInstanceStandingTakesEveryKey) {
  const auto balancer = hashing(crowd(200));
  for (const Member& member : balancer->members()) member.live->verdict = Verdict::never;
  EXPECT_EQ(home(*balancer, "192.0.2.7"), "-");
  const Member& last = balancer->members()[123];
  last.live->verdict = Verdict::eligible;
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(home(*balancer, client_address(i)), last.id());
}

INSTANTIATE_TEST_SUITE_P(Policies, Hashing,
                         ::testing::Values(config::Policy::hash, config::Policy::maglev),
                         [](const auto& test) {
                           return test.param == config::Policy::hash ? "Ketama" : "Maglev";
                         });

TEST(Ketama, RemovalMovesOnlyTheKeysOfTheRemoved) {
  for (std::size_t count : {3, 10, 100}) {
    auto members = crowd(count);
    const Homes before = homes(*balance_by(config::Policy::hash, members), 50000);
    const std::string removed = members[1].id();
    members.erase(members.begin() + 1);
    const auto after = balance_by(config::Policy::hash, members);
    Cursor cursor(0, 0);
    for (const auto& [key, id] : before) {
      if (id == removed) continue;
      ASSERT_EQ(home(*after, key, cursor), id) << key << " of " << count;
    }
  }
}

// Being down and being gone are the same to the ring: a deregistration after an outage moves no
// key.
TEST(Ketama, RemovingADownInstanceMovesNothing) {
  auto members = crowd(10, 10);
  const auto before = balance_by(config::Policy::hash, members);
  members[4].live->verdict = Verdict::never;
  const Homes while_down = homes(*before, 20000);
  members.erase(members.begin() + 4);
  EXPECT_EQ(homes(*balance_by(config::Policy::hash, members), 20000), while_down);
}

TEST(Ketama, SpreadsWithinItsKnownBounds) {
  struct Bound {
    std::size_t count;
    std::uint32_t weight;
    double most;
  };
  for (const auto& [count, weight, most] :
       {Bound{3, 1, 1.15}, Bound{10, 1, 1.25}, Bound{100, 1, 1.35}, Bound{10, 10, 1.10}}) {
    const auto balancer = balance_by(config::Policy::hash, crowd(count, weight));
    EXPECT_LE(greatest(shares(*balancer, 50000)), most) << count << " of weight " << weight;
  }
}

TEST(Ketama, SpreadsFiveThousandSourcesOverTen) {
  EXPECT_LE(greatest(shares(*balance_by(config::Policy::hash, crowd(10)), 5000)), 1.35);
}

TEST(Ketama, SharesByWeight) {
  auto members = crowd(10);
  members[0].weight = 11;
  const auto balancer = balance_by(config::Policy::hash, members);
  EXPECT_NEAR(shares(*balancer, 20000)[members[0].id()], 5.5, 0.3) << "11 of 20";
}

TEST(Ketama, HasAsManyPointsAsConfigured) {
  config::Balance sparse;
  sparse.policy = config::Policy::hash;
  sparse.hash.points = 1;
  const auto with_one_point = make_balancer(sparse, by_id(crowd(10)));
  EXPECT_GT(greatest(shares(*with_one_point, 5000)), 1.5) << "one point each is uneven";
}

TEST(Maglev, SpreadsFiveThousandSourcesOverTen) {
  EXPECT_LE(greatest(shares(*balance_by(config::Policy::maglev, crowd(10)), 5000)), 1.15);
}

TEST(Maglev, RemovalMovesFewOtherKeys) {
  auto members = crowd(10);
  const Homes before = homes(*balance_by(config::Policy::maglev, members), 50000);
  const std::string removed = members[1].id();
  members.erase(members.begin() + 1);
  const auto after = balance_by(config::Policy::maglev, members);
  int moved = 0;
  Cursor cursor(0, 0);
  for (const auto& [key, id] : before) {
    if (id != removed && home(*after, key, cursor) != id) ++moved;
  }
  EXPECT_LE(moved, 500) << "1 %";
}

}  // namespace
}  // namespace sluice::balance::testing
