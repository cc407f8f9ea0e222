#include "proxy/balance/balancer.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "proxy/balance/policy.h"

namespace sluice::balance {
namespace {

using registry::Verdict;

constexpr Verdict kByPreference[] = {Verdict::eligible, Verdict::last_resort};

// So often a pick may find that another worker was quicker to take the last trial of its choice.
// Each time there is one less to choose, until somebody gives one back: this ends it.
constexpr int kTrialRaces = 16;
// Races for last places that a search may lose before it says that there is none.
constexpr int kRaces = 32;

// What the first alignment of a cursor may cost a priority, in steps: for a fraction of a
// millisecond the worker is walked to its own place in the sequence of turns.
constexpr std::uint64_t kHeadStartSteps = std::uint64_t{1} << 18;

std::uint64_t next_version() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Balancer::KeyIs key_of(const config::Balance& config) {
  using KeyIs = Balancer::KeyIs;
  if (config.policy != config::Policy::hash && config.policy != config::Policy::maglev) {
    return KeyIs::nothing;
  }
  return config.hash.key == config::HashKey::client ? KeyIs::address_and_port : KeyIs::address;
}

// All candidates of one priority, and those of them that are preferred for their zone.
struct Tier {
  std::unique_ptr<const Policy> all;
  std::unique_ptr<const Policy> local;  // null: nobody is, or everybody
};

std::vector<Tier> build_tiers(const config::Balance& config, const std::vector<Member>& members) {
  struct Candidates {
    std::vector<Candidate> all, local;
  };
  std::map<std::uint32_t, Candidates> by_priority;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    if (member.weight == 0) continue;
    Candidates& candidates = by_priority[member.priority];
    candidates.all.push_back({member.live.get(), member.weight, i});
    if (config.zone.prefer_local && member.is_local) {
      candidates.local.push_back(candidates.all.back());
    }
  }
  std::vector<Tier> tiers;
  tiers.reserve(by_priority.size());
  for (auto& [priority, candidates] : by_priority) {
    const bool is_split =
        !candidates.local.empty() && candidates.local.size() < candidates.all.size();
    Tier& tier = tiers.emplace_back();
    tier.all = make_policy(config, std::move(candidates.all));
    if (is_split) tier.local = make_policy(config, std::move(candidates.local));
  }
  return tiers;
}

void give_head_start(const std::vector<Candidate>& candidates, Cursor& cursor, Weigh weigh) {
  std::uint64_t round = 0;
  for (const Candidate& candidate : candidates) round += candidate.weight;
  const std::uint64_t affordable = kHeadStartSteps / candidates.size() + 1;
  const std::uint64_t turns = cursor.head_start(std::min(round, affordable));
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    cursor.turns().next(candidates, [](const Candidate&) { return true; }, weigh);
  }
}

class TieredBalancer final : public Balancer, private Aligner {
 public:
  TieredBalancer(const config::Balance& config, std::vector<Member> members)
      : Balancer(std::move(members)),
        weigh_(config.slow_start.window > config::Duration::zero()),
        min_local_(config.zone.min_local),
        tiers_(build_tiers(config, members_)) {
    key_is_ = key_of(config);
  }

  Pick pick(const Key& key, const Tried& tried, Cursor& cursor) const override {
    bool full = false;
    for (int race = 0; race < kTrialRaces; ++race) {
      const Candidate* taken = search(key, tried, cursor, full);
      if (taken == nullptr) return {nullptr, {}, false, full};
      const Member& member = members_[taken->member];
      registry::LoadToken token = registry::LoadToken::adopt(member.live);
      if (member.live->verdict.load(std::memory_order_relaxed) == Verdict::trial) {
        registry::Trial trial = registry::Trial::take(member.live);
        if (!trial) continue;
        token.put_on(std::move(trial));
      }
      member.live->selected.fetch_add(1, std::memory_order_relaxed);
      return {&member, std::move(token), tried.contains(taken->live), false};
    }
    return {nullptr, {}, false, full};
  }

  bool has_untried(const Tried& tried) const override {
    return std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
      return member.weight > 0 &&
             (member.live->is(Verdict::eligible) || member.live->is(Verdict::last_resort)) &&
             !tried.contains(member.live.get());
    });
  }

 private:
  const Candidate* search(const Key& key, const Tried& tried, Cursor& cursor, bool& full) const {
    for (Verdict verdict : kByPreference) {
      auto* taken = take(Filter::untried(verdict, tried), key, cursor, full);
      if (taken != nullptr || full) return taken;
    }
    if (tried.empty()) return nullptr;
    for (Verdict verdict : kByPreference) {
      auto* taken = take(Filter::anyone(verdict), key, cursor, full);
      if (taken != nullptr || full) return taken;
    }
    return nullptr;
  }

  // One step of the search.
  const Candidate* take(const Filter& step, const Key& key, Cursor& cursor, bool& full) const {
    for (const Tier& tier : tiers_) {
      if (tier.local != nullptr && has_enough_local(tier, step)) {
        if (auto* taken = take_from(*tier.local, step, key, cursor, full)) return taken;
      }
      if (auto* taken = take_from(*tier.all, step, key, cursor, full)) return taken;
    }
    return nullptr;
  }

  const Candidate* take_from(const Policy& policy, const Filter& step, const Key& key,
                             Cursor& cursor, bool& full) const {
    for (int race = 0; race < kRaces; ++race) {
      const Filter filter = step;
      if (auto* taken = policy.take({filter, key.client, cursor, *this, weigh_})) return taken;
      full = full || filter.has_met_full();
      if (!filter.has_lost_race()) break;
    }
    return nullptr;
  }

  bool has_enough_local(const Tier& tier, const Filter& filter) const {
    std::uint32_t missing = min_local_;
    if (missing <= 1) return true;  // the choice itself tells
    for (const Candidate& candidate : tier.local->candidates()) {
      if (filter.is_sought(candidate) && --missing == 0) return true;
    }
    return false;
  }

  void align(Cursor& cursor) const override {
    if (cursor.turns().version() == version_) return;
    if (!cursor.turns().align(version_, members_, weigh_.unit())) return;
    for (const Tier& tier : tiers_) {
      give_head_start((tier.local != nullptr ? tier.local : tier.all)->candidates(), cursor,
                      weigh_);
    }
  }

  const Weigh weigh_;
  const std::uint32_t min_local_;
  const std::vector<Tier> tiers_;  // lowest priority number first
};

}  // namespace

Balancer::Balancer(std::vector<Member> members)
    : members_(std::move(members)), version_(next_version()) {}

std::vector<Member> by_id(std::vector<Member> members) {
  std::ranges::stable_sort(members, {}, &Member::id);
  return members;
}

std::shared_ptr<const Balancer> make_balancer(const config::Balance& config,
                                              std::vector<Member> members) {
  return std::make_shared<TieredBalancer>(config, std::move(members));
}

}  // namespace sluice::balance
