// The Registry against a model that is too simple to be wrong: it keeps the whole history of each
// instance and works everything out of it anew whenever it is asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using sample::at;

struct Known {
  config::Instance said;
  std::shared_ptr<Live> live;  // as the registry handed it out
  bool checked_service = true;
  bool trusted = false;                                            // began as up
  std::vector<bool> probes;                                        // all of them
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ejections;  // from, until
  Admin admin = Admin::ready;
};

constexpr std::uint32_t kRise = 2, kFall = 3, kConsecutive = 2;
constexpr std::uint64_t kBase = 1'000, kMax = 3'500;

// The last run of `rise` successes or `fall` failures decides; before any, the first probe does.
CheckState verdict(const Known& known) {
  if (!known.checked_service) return CheckState::none;
  CheckState state = known.trusted ? CheckState::up : CheckState::checking;
  std::uint32_t run = 0;
  for (std::size_t i = 0; i < known.probes.size(); ++i) {
    run = i > 0 && known.probes[i] == known.probes[i - 1] ? run + 1 : 1;
    const std::uint32_t needed = known.probes[i] ? kRise : kFall;
    if (state == CheckState::checking || run >= needed) {
      state = known.probes[i] ? CheckState::up : CheckState::down;
    }
  }
  return state;
}

bool is_ejected(const Known& known, std::uint64_t now_ms) {
  return !known.ejections.empty() && now_ms < known.ejections.back().second;
}

// How long an ejection at `now_ms` lasts: walks through all there were, a base at a time.
std::uint64_t next_ejection(const Known& known, std::uint64_t now_ms) {
  std::uint64_t n = 0, clean_since = 0;
  const auto forgive = [&](std::uint64_t until) {
    for (std::uint64_t t = clean_since + kBase; t <= until && n > 0; t += kBase) --n;
  };
  for (const auto& [from, until] : known.ejections) {
    forgive(from);
    if (n * kBase < kMax) ++n;
    clean_since = until;
  }
  forgive(now_ms);
  if (n * kBase < kMax) ++n;
  return std::min(n * kBase, kMax);
}

class Model {
 public:
  using Members = std::map<std::string, Known>;

  explicit Model(std::uint32_t seed) : random_(seed) {}

  void run(int steps) {
    reconcile(true);
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      now_ms_ += below(400);
      registry_.advance(at(now_ms_));
      act();
      compare(step);
    }
    EXPECT_GT(registry_.snapshot()->index, static_cast<std::uint64_t>(steps) / 10)
        << "much has happened";
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  void act() {
    const std::uint64_t what = below(100);
    if (what < 2) {
      reconcile(false);
    } else if (what < 60) {
      probe();
    } else if (what < 90) {
      fail();
    } else {
      command();
    }
  }

  std::vector<config::Service> draw_configuration() {
    std::vector<config::Service> services;
    for (const char* name : {"checked", "plain", "trusting"}) {
      if (below(8) == 0) continue;
      config::Service service = sample::service(name, {});
      if (service.name == "plain") service.check.type = config::CheckType::none;
      if (service.name == "trusting") service.check.initial = config::CheckInitial::up;
      service.check.rise = kRise;
      service.check.fall = kFall;
      service.outlier = {kConsecutive, config::Duration(kBase), config::Duration(kMax), 60, 1};
      for (int i = 0; i < 6; ++i) {
        if (below(4) == 0) continue;
        const std::string host = std::to_string(i * 10 + (below(6) == 0 ? 1 : 2));
        service.instances.push_back(sample::instance("i" + std::to_string(i),
                                                     "10.0.0." + host + ":80",
                                                     static_cast<std::uint32_t>(below(4))));
      }
      std::shuffle(service.instances.begin(), service.instances.end(), random_);
      services.push_back(std::move(service));
    }
    return services;
  }

  void reconcile(bool first) {
    const auto services = draw_configuration();
    registry_.reconcile(services, first, at(now_ms_));
    newest_before_ = incarnations_.empty() ? 0 : *incarnations_.rbegin();
    std::map<std::string, Members> next;
    for (const config::Service& service : services) {
      Members& members = next[service.name];
      for (const config::Instance& said : service.instances) {
        const auto live = sample::live(registry_, service.name, said.id);
        members[said.id] = carried_over(service, said, live);
      }
    }
    model_ = std::move(next);
  }

  // The old one where service, id and address are the same, else a new one with another Live.
  Known carried_over(const config::Service& service, const config::Instance& said,
                     std::shared_ptr<Live> live) {
    const auto members = model_.find(service.name);
    if (members != model_.end()) {
      const auto old = members->second.find(said.id);
      if (old != members->second.end() && old->second.said.address == said.address) {
        EXPECT_EQ(live, old->second.live) << "stays the same incarnation";
        Known known = old->second;
        known.said = said;
        return known;
      }
    }
    EXPECT_TRUE(incarnations_.insert(live->identity.incarnation).second) << "a new one";
    EXPECT_GT(live->identity.incarnation, newest_before_) << "grows";
    Known known;
    known.said = said;
    known.live = std::move(live);
    known.checked_service = service.check.type != config::CheckType::none;
    known.trusted = service.check.initial == config::CheckInitial::up;
    return known;
  }

  Known* draw_instance(Members** members) {
    if (model_.empty()) return nullptr;
    *members = &std::next(model_.begin(), static_cast<int>(below(model_.size())))->second;
    if ((*members)->empty()) return nullptr;
    return &std::next((*members)->begin(), static_cast<int>(below((*members)->size())))->second;
  }

  void probe() {
    Members* members = nullptr;
    Known* known = draw_instance(&members);
    if (known == nullptr) return;
    const bool success = below(2) == 0;
    known->probes.push_back(success);
    registry_.checked(*known->live, {success, success ? "ok" : "refused"}, at(now_ms_));
  }

  void fail() {
    Members* members = nullptr;
    Known* known = draw_instance(&members);
    if (known == nullptr) return;
    const auto consecutive = static_cast<std::uint32_t>(below(4));
    const auto count = [&](auto holds) {
      return static_cast<std::size_t>(std::count_if(
          members->begin(), members->end(), [&](const auto& each) { return holds(each.second); }));
    };
    const auto is_eligible = [&](const Known& one) {
      return judge(inputs_of(one)).verdict == Verdict::eligible;
    };
    const bool is_share_left = count([&](const Known& one) { return is_ejected(one, now_ms_); }) <
                               std::max<std::size_t>(members->size() * 60 / 100, 1);
    const bool is_spared = count(is_eligible) == (is_eligible(*known) ? 1 : 0);  // no other
    if (consecutive >= kConsecutive && !is_ejected(*known, now_ms_) && is_share_left &&
        !is_spared) {
      known->ejections.emplace_back(now_ms_, now_ms_ + next_ejection(*known, now_ms_));
    }
    registry_.failed(*known->live, {consecutive, 0}, at(now_ms_));
  }

  void command() {
    Members* members = nullptr;
    Known* known = draw_instance(&members);
    if (known == nullptr) return;
    known->admin = static_cast<Admin>(below(3));
    EXPECT_TRUE(registry_.set_admin(*known->live->identity.service, known->said.id, known->admin,
                                    "", at(now_ms_)));
  }

  void compare(int step) {
    const auto snapshot = registry_.snapshot();
    ASSERT_EQ(snapshot->services.size(), model_.size()) << "step " << step;
    for (const auto& [name, members] : model_) {
      const Service* service = snapshot->find(name);
      ASSERT_NE(service, nullptr) << "step " << step;
      ASSERT_EQ(service->instances.size(), members.size()) << "step " << step;
      EXPECT_LE(service->topology, service->index);
      EXPECT_LE(service->index, snapshot->index);
      for (const auto& [id, known] : members) compare(*service->find(id), known, step);
    }
    compare_next_ms();
    follow_journal(*snapshot);
  }

  Inputs inputs_of(const Known& known) const {
    Inputs inputs;
    inputs.admin = known.admin;
    inputs.check = verdict(known);
    inputs.outlier = is_ejected(known, now_ms_) ? OutlierState::ejected : OutlierState::none;
    inputs.weight = known.said.weight;
    return inputs;
  }

  void compare(const Instance& shown, const Known& known, int step) {
    const Inputs inputs = inputs_of(known);
    const Effective expected = judge(inputs);
    EXPECT_EQ(shown.live, known.live) << "step " << step;
    EXPECT_EQ(shown.inputs.admin, inputs.admin) << "step " << step;
    EXPECT_EQ(shown.inputs.check, inputs.check) << "step " << step;
    EXPECT_EQ(shown.inputs.outlier, inputs.outlier) << "step " << step;
    EXPECT_EQ(shown.effective.state, expected.state) << "step " << step;
    EXPECT_EQ(shown.effective.verdict, expected.verdict) << "step " << step;
    EXPECT_EQ(shown.live->verdict.load(), expected.verdict) << "step " << step;
    EXPECT_EQ(shown.weight, known.said.weight) << "step " << step;
    EXPECT_EQ(shown.address.text(), known.said.address) << "step " << step;
  }

  void compare_next_ms() {
    std::uint64_t soonest = UINT64_MAX;
    for (const auto& [name, members] : model_) {
      for (const auto& [id, known] : members) {
        if (is_ejected(known, now_ms_)) {
          soonest = std::min(soonest, known.ejections.back().second);
        }
      }
    }
    EXPECT_EQ(registry_.next_ms(), soonest);
  }

  // Who follows the journal alone arrives at the snapshot's members and states.
  void follow_journal(const Snapshot& snapshot) {
    for (const Change& change : registry_.take_changes()) {
      EXPECT_GT(change.index, followed_) << "in order";
      EXPECT_LE(change.index, snapshot.index);
      followed_ = change.index;
      const auto key = std::make_pair(change.service, change.id);
      if (change.kind == Change::Kind::removed) {
        EXPECT_EQ(journal_.erase(key), 1u);
        continue;
      }
      if (change.kind == Change::Kind::added) {
        EXPECT_FALSE(journal_.contains(key));
        journal_[key] = {change.incarnation, change.to};
      }
      EXPECT_EQ(journal_.at(key), std::make_pair(change.incarnation, change.from));
      journal_[key].second = change.to;
    }
    std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, State>> shown;
    for (const auto& service : snapshot.services) {
      for (const auto& each : service->instances) {
        shown[{service->name, *each->id}] = {each->incarnation, each->effective.state};
      }
    }
    EXPECT_EQ(journal_, shown);
  }

  std::mt19937 random_;
  Registry registry_{"e1"};
  std::uint64_t now_ms_ = 1'000'000;
  std::map<std::string, Members> model_;
  std::set<std::uint64_t> incarnations_;  // all there ever were
  std::uint64_t newest_before_ = 0;       // the running reconcile
  std::uint64_t followed_ = 0;
  std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, State>> journal_;
};

TEST(RegistryModel, AgreesWithTheHistoryOfEachInstance) {
  for (const std::uint32_t seed : {1u, 2u, 3u, 20'240'229u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model(seed).run(3'000);
  }
}

}  // namespace
}  // namespace sluice::registry
