// Every policy against a plain reading of its rules, over thousands of random situations: what
// operators, leases, instances, checks and the outlier rule say of each instance, weights,
// priorities, zones, slow starts, who was tried, panics and bounds on the load.
//
// The oracle knows who is eligible, the order of search and the rules of choice, and shares no code
// with the registry or the policies but for the Maglev table (which has vectors of its own). It
// predicts the choice itself where the rule determines it, and who may be chosen where chance does.
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
#include "registry/instance.h"
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
using registry::Inputs;
using AllInputs = std::map<const registry::Live*, Inputs>;

// Somebody wants it to take connections, and it has shown that it can.
bool is_wanted(const Inputs& said) {
  return said.admin == registry::Admin::ready && said.weight > 0 &&
         (said.status == registry::State::up || said.status == registry::State::down) &&
         said.check != registry::CheckState::checking;
}

// Nothing but the passive rules has anything against it.
bool is_well(const Inputs& said) {
  return is_wanted(said) && said.status == registry::State::up &&
         said.lease != registry::LeaseState::expired && said.check != registry::CheckState::down;
}

bool is_suspect(const Inputs& said) {
  return said.outlier == registry::OutlierState::ejected || said.flapping;
}

class Oracle {
 public:
  Oracle(const config::Balance& rules, Members members)
      : rules_(rules), members_(std::move(members)) {}

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
  std::set<std::string> expect(const std::string& key, const std::set<const registry::Live*>& tried,
                               const AllInputs& inputs) {
    const auto verdicts = judge_all(inputs);
    for (const auto& [verdict, with_tried] :
         {std::pair{Verdict::eligible, false}, std::pair{Verdict::last_resort, false},
          std::pair{Verdict::eligible, true}, std::pair{Verdict::last_resort, true}}) {
      for (std::uint32_t priority : priorities()) {
        for (const Members& tier : tiers_of(priority, verdict, verdicts)) {
          Members passing;
          for (const Member& member : tier) {
            if (verdicts.at(member.live.get()) == verdict &&
                (with_tried || !tried.contains(member.live.get()))) {
              passing.push_back(member);
            }
          }
          if (!passing.empty()) return choose(passing, tier, key);
        }
      }
    }
    return {"-"};
  }

 private:
  using Verdicts = std::map<const registry::Live*, Verdict>;

  Verdicts judge_all(const AllInputs& inputs) const {
    Verdicts verdicts;
    double wanted = 0, eligible = 0;
    for (const Member& member : members_) {
      const Inputs& said = inputs.at(member.live.get());
      wanted += is_wanted(said);
      eligible += is_well(said) && !is_suspect(said);
      verdicts[member.live.get()] = !is_well(said)     ? Verdict::never
                                    : is_suspect(said) ? Verdict::last_resort
                                                       : Verdict::eligible;
    }
    if (eligible >= rules_.panic.threshold * wanted) return verdicts;
    for (const Member& member : members_) {
      if (is_wanted(inputs.at(member.live.get()))) {
        verdicts[member.live.get()] = Verdict::eligible;
      }
    }
    return verdicts;
  }

  // Those of a priority to choose from, the preferred ones first.
  std::vector<Members> tiers_of(std::uint32_t priority, Verdict verdict,
                                const Verdicts& verdicts) const {
    Members all, local;
    std::uint32_t local_and_sought = 0;
    for (const Member& member : members_) {
      if (member.weight == 0 || member.priority != priority) continue;
      all.push_back(member);
      if (!member.is_local) continue;
      local.push_back(member);
      local_and_sought += verdicts.at(member.live.get()) == verdict;
    }
    if (rules_.zone.prefer_local && local_and_sought >= rules_.zone.min_local) return {local, all};
    return {all};
  }

  std::set<std::uint32_t> priorities() const {
    std::set<std::uint32_t> all;
    for (const Member& member : members_) all.insert(member.priority);
    return all;
  }

  std::set<std::string> choose(Members passing, const Members& tier, const std::string& key) {
    const bool hashes =
        rules_.policy == config::Policy::hash || rules_.policy == config::Policy::maglev;
    if (hashes && rules_.hash.max_load > 0) passing = with_room(passing);
    switch (rules_.policy) {
      case config::Policy::first:
        return {passing.front().id()};
      case config::Policy::round_robin:
        return {turn(passing)};
      case config::Policy::least_connections:
        return least(passing, tier);
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

  // Below c times its share of one connection more than there are.
  Members with_room(const Members& passing) const {
    std::uint64_t held = 1, weights = 0;
    for (const Member& member : passing) {
      held += member.live->load;
      weights += member.weight;
    }
    Members all;
    for (const Member& member : passing) {
      const auto c = static_cast<std::uint64_t>(rules_.hash.max_load * 1000);
      if (member.live->load * 1000 * weights < c * held * member.weight) all.push_back(member);
    }
    return all;
  }

  std::int64_t weight(const Member& member) const {
    return rules_.slow_start.window.count() > 0 ? member.weight * member.live->warmth
                                                : member.weight;
  }

  bool is_home_for(const Member& member, std::uint64_t hash) const {
    return rules_.slow_start.window.count() == 0 || member.live->warmth == 1000 ||
           XXH64(&hash, 8, member.live->identity.incarnation) % 1000 < member.live->warmth;
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
      credit_[member.live.get()] += weight(member);
      sum += weight(member);
    }
    const Member* best = &members.front();
    for (const Member& member : members) {
      if (credit_[member.live.get()] > credit_[best->live.get()]) best = &member;
    }
    credit_[best->live.get()] -= sum;
    return best->id();
  }

  // The loads of these tests are small enough for exact fractions in long double.
  long double burden(const Member& member) const {
    return (member.live->load + 1.0L) / static_cast<long double>(weight(member));
  }

  std::set<std::string> least(const Members& passing, const Members& tier) {
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
    if (tied.size() == 1) return {tied.front().id()};
    const bool are_equal = std::all_of(tier.begin(), tier.end(), [&](const Member& member) {
      return member.weight == tier.front().weight;
    });
    // Of equals any of them, one after the other.
    if (are_equal && rules_.slow_start.window.count() == 0) return ids(tied);
    return {turn(tied)};
  }

  Members all_but_the_fullest(Members passing) const {
    if (passing.size() == 1) return passing;
    std::sort(passing.begin(), passing.end(),
              [this](const Member& a, const Member& b) { return burden(a) < burden(b); });
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
    for (const bool is_late : {false, true}) {
      for (std::size_t i = 0; i < bound; ++i) {
        const Member& owner = *std::get<const Member*>(points[i]);
        if (contains(passing, owner) && (is_late || is_home_for(owner, hash))) return owner.id();
      }
    }
    return from(tier, passing, hash);
  }

  std::string in_table(const Members& tier, const Members& passing, const std::string& key) {
    auto& table = tables_[{tier.front().priority, tier.size()}];
    if (table.empty()) {
      std::vector<MaglevBackend> backends;
      for (const Member& member : tier)
        backends.push_back({member.address().text(), member.weight});
      table = build_maglev_table(backends);
    }
    const std::uint64_t hash = XXH64(key.data(), key.size(), 0);
    for (const bool is_late : {false, true}) {
      for (std::size_t i = 0; i < 8 * tier.size() + 64; ++i) {
        const Member& owner = tier[table[(hash + i) % table.size()]];
        if (contains(passing, owner) && (is_late || is_home_for(owner, hash))) return owner.id();
      }
    }
    return from(tier, passing, hash);
  }

  static std::string from(const Members& tier, const Members& passing, std::uint64_t hash) {
    for (std::size_t i = 0;; ++i) {
      const Member& member = tier[(hash % tier.size() + i) % tier.size()];
      if (contains(passing, member)) return member.id();
    }
  }

  const config::Balance rules_;
  Members members_;
  std::map<const registry::Live*, std::int64_t> credit_;
  // Of Maglev, by priority and size: the local ones, or all.
  std::map<std::pair<std::uint32_t, std::size_t>, std::vector<std::uint32_t>> tables_;
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
    learn(member);
    return member;
  }

  void reweigh(Member& member) {
    member.weight = one_in(6) ? 0 : 1 + below(4);
    member.priority = one_in(3) ? below(3) : 0;
    member.is_local = one_in(2);
    inputs_[member.live.get()].weight = member.weight;
  }

  // Something becomes known of an instance, mostly good.
  void learn(const Member& member) {
    using namespace registry;
    const auto any_of = [&](auto good, auto... others) {
      const decltype(good) all[] = {good, others...};
      return one_in(5) ? all[below(std::size(all))] : good;
    };
    Inputs& inputs = inputs_[member.live.get()];
    inputs.admin = any_of(Admin::ready, Admin::drain, Admin::maint);
    inputs.lease =
        any_of(LeaseState::held, LeaseState::none, LeaseState::missed, LeaseState::expired);
    inputs.status = any_of(State::up, State::warming, State::draining, State::down);
    inputs.check = any_of(CheckState::up, CheckState::none, CheckState::checking, CheckState::down);
    inputs.outlier = any_of(OutlierState::none, OutlierState::ejected);
    inputs.flapping = one_in(10);
    inputs.warming = one_in(4);
    member.live->warmth = inputs.warming ? static_cast<std::uint16_t>(1 + below(1000)) : 1000;
  }

  // What the registry makes of it.
  void judge_all(const Members& members) {
    std::uint32_t able = 0, unable = 0;
    for (const Member& member : members) {
      const Inputs& inputs = inputs_[member.live.get()];
      const registry::Standing counts = standing(inputs, judge(inputs).verdict);
      able += counts == registry::Standing::able;
      unable += counts == registry::Standing::unable;
    }
    const bool panics = able < rules_.panic.threshold * (able + unable);
    for (const Member& member : members) {
      const Inputs& inputs = inputs_[member.live.get()];
      registry::Effective effective = judge(inputs);
      if (panics && standing(inputs, effective.verdict) == registry::Standing::unable) {
        effective = in_panic(std::move(effective));
      }
      member.live->verdict = effective.verdict;
    }
  }

  config::Balance random_rules() {
    config::Balance rules;
    rules.policy = GetParam();
    rules.hash.points = kPoints;
    if (one_in(2)) rules.hash.max_load = 1 + below(3) * 0.5;
    rules.zone = {one_in(2), 1 + below(3)};
    if (one_in(2)) rules.slow_start.window = config::Duration(1000);
    if (one_in(2)) rules.panic.threshold = below(4) * 0.25;
    return rules;
  }

  // Reweighs, removes or adds one now and then: a new version of the service.
  void change(Members& members) {
    for (Member& member : members) {
      if (one_in(4)) reweigh(member);
    }
    if (!members.empty() && one_in(2)) members.erase(members.begin() + below(members.size()));
    if (members.size() < 8 && one_in(2)) members.push_back(random_member());
  }

  std::shared_ptr<const Balancer> build(const Members& members) const {
    return make_balancer(rules_, by_id(members));
  }

  void play(int picks);

  std::mt19937 dice_{20240607};
  std::uint32_t made_ = 0;
  config::Balance rules_;
  AllInputs inputs_;
};

void AgainstOracle::play(int picks) {
  rules_ = random_rules();
  inputs_.clear();
  Members members = random_members();
  auto balancer = build(members);
  Oracle oracle(rules_, balancer->members());
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
      if (one_in(4)) learn(member);
      if (one_in(5)) {
        tried.add(member.live.get());
        known.insert(member.live.get());
      }
    }
    judge_all(members);
    while (!held.empty() && one_in(2)) held.erase(held.begin() + below(held.size()));

    const std::string key = one_in(8) ? "" : client_address(below(1 << 24));
    const auto expected = oracle.expect(key, known, inputs_);
    Pick pick = balancer->pick(Key{key}, tried, cursor);
    const std::string picked = pick ? pick.member->id() : "-";
    ASSERT_TRUE(expected.contains(picked)) << "pick " << i << ": " << picked;
    ASSERT_EQ(pick.tried, pick && known.contains(pick.token.live().get()));
    if (pick) held.push_back(std::move(pick.token));
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, AgainstOracle, ::testing::ValuesIn(kAllPolicies), policy_name);

TEST_P(AgainstOracle, EveryPickIsOneThatTheRulesAllow) {
  for (int game = 0; game < 50; ++game) {
    ASSERT_NO_FATAL_FAILURE(play(100)) << "game " << game;
  }
}

}  // namespace
}  // namespace sluice::balance::testing
