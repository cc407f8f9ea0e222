#include "proxy/balance/policy.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/proxy/balance/fleet.h"
#include "tests/proxy/balance/policies.h"

namespace sluice::balance::testing {
namespace {

// The step bound: however many are down, a policy answers after a number of looks at candidates
// that grows with their number only.
class StepBound : public ::testing::TestWithParam<config::Policy> {
 protected:
  static constexpr std::size_t kMembers = 10000;
  static constexpr std::uint64_t kBound = 10 * kMembers + 100;

  StepBound() {
    std::vector<Candidate> candidates;
    for (std::uint32_t i = 0; i < members_.size(); ++i) {
      members_[i].live->verdict = Verdict::never;
      candidates.push_back({members_[i].live.get(), members_[i].weight, i});
    }
    config::Balance balance;
    balance.policy = GetParam();
    balance.hash.points = 4;
    policy_ = make_policy(balance, std::move(candidates));
    cursor_.turns().align(1, members_);
  }

  const Candidate* take(const Filter& filter, std::string_view key) {
    return policy_->take({filter, key, cursor_, aligned_});
  }

  struct Aligned final : Aligner {
    void align(Cursor&) const override {}  // done by the fixture
  };
  const Aligned aligned_;
  const std::vector<Member> members_ = crowd(kMembers);
  std::unique_ptr<const Policy> policy_;
  Cursor cursor_{1, 1};
};

INSTANTIATE_TEST_SUITE_P(Policies, StepBound, ::testing::ValuesIn(kAllPolicies), policy_name);

TEST_P(StepBound, HoldsWhenEverybodyIsDown) {
  for (const char* key : {"192.0.2.1", ""}) {
    const Filter filter = Filter::anyone(Verdict::eligible);
    EXPECT_EQ(take(filter, key), nullptr);
    EXPECT_LE(filter.asked(), kBound);
    EXPECT_GE(filter.asked(), kMembers) << "nobody was overlooked";
  }
}

TEST_P(StepBound, HoldsWhenOneIsLeftAndFindsHim) {
  members_[7654].live->verdict = Verdict::eligible;
  for (const char* key : {"192.0.2.1", ""}) {
    const Filter filter = Filter::anyone(Verdict::eligible);
    const Candidate* taken = take(filter, key);
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(taken->member, 7654u);
    // Two choices look for a second one, in vain.
    EXPECT_LE(filter.asked(), kBound);
  }
}

// The usual case, everybody eligible, costs one pass at most; choices that draw or hash look at one
// or two candidates.
TEST_P(StepBound, IsFarAwayWhenEverybodyIsEligible) {
  for (const Member& member : members_) member.live->verdict = Verdict::eligible;
  for (std::size_t i = 0; i < kMembers; ++i) members_[i].live->load = i == 500 ? 1 : 2;
  const Filter filter = Filter::anyone(Verdict::eligible);
  ASSERT_NE(take(filter, "192.0.2.1"), nullptr);
  const bool walks_over_all =
      GetParam() == config::Policy::least_connections || GetParam() == config::Policy::round_robin;
  EXPECT_LE(filter.asked(), walks_over_all ? kMembers : 4u);
}

}  // namespace
}  // namespace sluice::balance::testing
