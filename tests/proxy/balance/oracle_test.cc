// Every policy against a plain reading of its rules, over thousands of random situations.
//
// The oracle knows the order of search and the rules of choice, and shares no code with the
// policies but for the Maglev table (which has vectors of its own). It predicts the choice itself
// where the rule determines it, and who may be chosen where chance does.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "proxy/balance/maglev_table.h"
#include "tests/proxy/balance/fleet.h"
#include "tests/proxy/balance/policies.h"

namespace sluice::balance::testing {
namespace {

constexpr std::uint32_t kPoints = 10;

std::uint32_t crc32_bitwise(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

using Members = std::vector<Member>;  // by id

class Oracle {
 public:
  Oracle(config::Policy policy, Members members) : policy_(policy), members_(std::move(members)) {}

  // A new version of the same service.
  void replace(Members members) {
    tables_.clear();
    members_ = std::move(members);
    std::map<const registry::Live*, std::int64_t> kept;
    for (const Member& member : members_) {
      if (credit_.contains(member.live.get())) kept[member.live.get()] = credit_[member.live.get()];
    }
    credit_ = std::move(kept);
  }

  // Ids that the pick may have; "-" for nobody. One only where the rule leaves no choice.
  std::set<std::string> expect(const std::string& key,
                               const std::set<const registry::Live*>& tried) {
    for (const auto& [verdict, with_tried] :
         {std::pair{Verdict::eligible, false}, std::pair{Verdict::last_resort, false},
          std::pair{Verdict::eligible, true}, std::pair{Verdict::last_resort, true}}) {
      for (std::uint32_t priority : priorities()) {
        Members passing;
        for (const Member& member : members_) {
          if (member.weight > 0 && member.priority == priority && member.live->verdict == verdict &&
              (with_tried || !tried.contains(member.live.get()))) {
            passing.push_back(member);
          }
        }
        if (!passing.empty()) return choose(passing, priority, key);
      }
    }
    return {"-"};
  }

 private:
  std::set<std::uint32_t> priorities() const {
    std::set<std::uint32_t> all;
    for (const Member& member : members_) all.insert(member.priority);
    return all;
  }

  std::set<std::string> choose(const Members& passing, std::uint32_t priority,
                               const std::string& key) {
    const Members tier = tier_of(priority);
    switch (policy_) {
      case config::Policy::first:
        return {passing.front().id()};
      case config::Policy::round_robin:
        return {turn(passing)};
      case config::Policy::least_connections:
        return {least(passing)};
      case config::Policy::random:
        return ids(passing);
      case config::Policy::p2c:
        return ids(all_but_the_fullest(passing));
      case config::Policy::hash:
        return {key.empty() ? turn(passing) : on_ring(tier, passing, key)};
      case config::Policy::maglev:
        return {key.empty() ? turn(passing) : in_table(tier, passing, key)};
    }
    return {};
  }

  Members tier_of(std::uint32_t priority) const {
    Members tier;
    for (const Member& member : members_) {
      if (member.weight > 0 && member.priority == priority) tier.push_back(member);
    }
    return tier;
  }

  static std::set<std::string> ids(const Members& members) {
    std::set<std::string> all;
    for (const Member& member : members) all.insert(member.id());
    return all;
  }

  static bool contains(const Members& members, const Member& one) {
    return std::any_of(members.begin(), members.end(),
                       [&](const Member& member) { return member.live == one.live; });
  }

  std::string turn(const Members& members) {
    std::int64_t sum = 0;
    for (const Member& member : members) {
      credit_[member.live.get()] += member.weight;
      sum += member.weight;
    }
    const Member* best = &members.front();
    for (const Member& member : members) {
      if (credit_[member.live.get()] > credit_[best->live.get()]) best = &member;
    }
    credit_[best->live.get()] -= sum;
    return best->id();
  }

  // The loads of these tests are small enough for exact fractions in long double.
  static long double burden(const Member& member) {
    return (member.live->load + 1.0L) / member.weight;
  }

  std::string least(const Members& passing) {
    long double smallest = burden(passing.front());
    for (const Member& member : passing) smallest = std::min(smallest, burden(member));
    bool idle = false;
    for (const Member& member : passing) {
      if (burden(member) == smallest && member.live->load == 0) idle = true;
    }
    Members tied;
    for (const Member& member : passing) {
      if (burden(member) == smallest || (idle && member.live->load == 0)) tied.push_back(member);
    }
    return tied.size() == 1 ? tied.front().id() : turn(tied);
  }

  static Members all_but_the_fullest(Members passing) {
    if (passing.size() == 1) return passing;
    std::sort(passing.begin(), passing.end(),
              [](const Member& a, const Member& b) { return burden(a) < burden(b); });
    if (burden(passing.back()) > burden(passing[passing.size() - 2])) passing.pop_back();
    return passing;
  }

  std::string on_ring(const Members& tier, const Members& passing, const std::string& key) const {
    const std::uint32_t hash = crc32_bitwise(key);
    // (way to go from the key, name, member), one a point.
    std::vector<std::tuple<std::uint32_t, std::string, const Member*>> points;
    for (const Member& member : tier) {
      const std::string name =
          member.address().host() + '\0' + std::to_string(member.address().port);
      std::uint32_t point = 0;
      for (std::uint32_t i = 0; i < member.weight * kPoints; ++i) {
        std::string bytes = name;
        for (int shift = 0; shift < 32; shift += 8) {
          bytes += static_cast<char>(point >> shift & 0xff);
        }
        point = crc32_bitwise(bytes);
        points.emplace_back(point - hash, name, &member);
      }
    }
    std::sort(points.begin(), points.end());
    const std::size_t bound = std::min(points.size(), 8 * tier.size() + 64);
    for (std::size_t i = 0; i < bound; ++i) {
      const Member& owner = *std::get<const Member*>(points[i]);
      if (contains(passing, owner)) return owner.id();
    }
    return from(tier, passing, hash);
  }

  std::string in_table(const Members& tier, const Members& passing, const std::string& key) {
    auto& table = tables_[tier.front().priority];
    if (table.empty()) {
      std::vector<MaglevBackend> backends;
      for (const Member& member : tier)
        backends.push_back({member.address().text(), member.weight});
      table = build_maglev_table(backends);
    }
    const std::uint64_t hash = XXH64(key.data(), key.size(), 0);
    for (std::size_t i = 0; i < 8 * tier.size() + 64; ++i) {
      const Member& owner = tier[table[(hash + i) % table.size()]];
      if (contains(passing, owner)) return owner.id();
    }
    return from(tier, passing, hash);
  }

  static std::string from(const Members& tier, const Members& passing, std::uint64_t hash) {
    for (std::size_t i = 0;; ++i) {
      const Member& member = tier[(hash % tier.size() + i) % tier.size()];
      if (contains(passing, member)) return member.id();
    }
  }

  config::Policy policy_;
  Members members_;
  std::map<const registry::Live*, std::int64_t> credit_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> tables_;  // of Maglev, by priority
};

class AgainstOracle : public ::testing::TestWithParam<config::Policy> {
 protected:
  std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(dice_() % n); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

  Members random_members() {
    Members members;
    const std::uint32_t count = below(8);
    for (std::uint32_t i = 0; i < count; ++i) members.push_back(random_member());
    return members;
  }

  Member random_member() {
    const std::uint32_t serial = ++made_;
    Member member = make_member(
        "i" + std::to_string(100000 + below(800000) * 100 + serial % 100),
        ipv4(10, 0, static_cast<std::uint8_t>(serial >> 8), static_cast<std::uint8_t>(serial), 80));
    reweigh(member);
    judge(member);
    return member;
  }

  void reweigh(Member& member) {
    member.weight = one_in(6) ? 0 : 1 + below(4);
    member.priority = one_in(3) ? below(3) : 0;
  }

  void judge(const Member& member) {
    const Verdict verdicts[] = {Verdict::eligible, Verdict::eligible, Verdict::last_resort,
                                Verdict::never};
    member.live->verdict = verdicts[below(4)];
  }

  // Reweighs, removes or adds one now and then: a new version of the service.
  void change(Members& members) {
    for (Member& member : members) {
      if (one_in(4)) reweigh(member);
    }
    if (!members.empty() && one_in(2)) members.erase(members.begin() + below(members.size()));
    if (members.size() < 8 && one_in(2)) members.push_back(random_member());
  }

  static std::shared_ptr<const Balancer> build(const Members& members) {
    config::Balance balance;
    balance.policy = GetParam();
    balance.hash.points = kPoints;
    return make_balancer(balance, members);
  }

  void play(int picks);

  std::mt19937 dice_{20240607};
  std::uint32_t made_ = 0;
};

void AgainstOracle::play(int picks) {
  Members members = random_members();
  auto balancer = build(members);
  Oracle oracle(GetParam(), balancer->members());
  Cursor cursor(0, 0);
  std::vector<registry::LoadToken> held;
  for (int i = 0; i < picks; ++i) {
    if (one_in(25)) {
      change(members);
      balancer = build(members);
      oracle.replace(balancer->members());
    }
    Tried tried;
    std::set<const registry::Live*> known;
    for (const Member& member : members) {
      if (one_in(4)) judge(member);
      if (one_in(5)) {
        tried.add(member.live.get());
        known.insert(member.live.get());
      }
    }
    while (!held.empty() && one_in(2)) held.erase(held.begin() + below(held.size()));

    const std::string key = one_in(8) ? "" : client_address(below(1 << 24));
    const auto expected = oracle.expect(key, known);
    Pick pick = balancer->pick(Key{key}, tried, cursor);
    const std::string picked = pick ? pick.member->id() : "-";
    ASSERT_TRUE(expected.contains(picked)) << "pick " << i << ": " << picked;
    ASSERT_EQ(pick.tried, pick && known.contains(pick.token.live().get()));
    if (pick) held.push_back(std::move(pick.token));
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, AgainstOracle, ::testing::ValuesIn(kAllPolicies), policy_name);

TEST_P(AgainstOracle, EveryPickIsOneThatTheRulesAllow) {
  for (int game = 0; game < 30; ++game) {
    ASSERT_NO_FATAL_FAILURE(play(100)) << "game " << game;
  }
}

}  // namespace
}  // namespace sluice::balance::testing
