#include "proxy/balance/turns.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

std::vector<Candidate> candidates_of(const std::vector<Member>& members) {
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    candidates.push_back({members[i].live.get(), members[i].weight, i});
  }
  return candidates;
}

const auto everybody = [](const Candidate&) { return true; };

// nginx 21ad7d043: the credits after each pick.
TEST(Turns, CreditsFollowNginx) {
  const auto members = fleet({5, 1, 1});
  const auto candidates = candidates_of(members);
  Turns turns;
  turns.align(1, members);
  const std::array<std::array<std::int64_t, 3>, 7> expected = {
      {{-2, 1, 1}, {-4, 2, 2}, {1, -4, 3}, {-1, -3, 4}, {4, -2, -2}, {2, -1, -1}, {0, 0, 0}}};
  for (const auto& credits : expected) {
    turns.next(candidates, everybody);
    EXPECT_EQ((std::array{turns.credit(0), turns.credit(1), turns.credit(2)}), credits);
  }
}

TEST(Turns, NobodyTakesPartNobodyIsChosen) {
  const auto members = fleet({1, 1});
  const auto candidates = candidates_of(members);
  Turns turns;
  turns.align(1, members);
  EXPECT_EQ(turns.next(candidates, [](const Candidate&) { return false; }), nullptr);
  EXPECT_EQ(turns.credit(0), 0);
}

TEST(Turns, WhoDoesNotTakePartNeitherGainsNorPays) {
  const auto members = fleet({1, 1, 1});
  const auto candidates = candidates_of(members);
  Turns turns;
  turns.align(1, members);
  for (int i = 0; i < 10; ++i) {
    turns.next(candidates, [](const Candidate& candidate) { return candidate.member != 1; });
  }
  EXPECT_EQ(turns.credit(1), 0);
}

TEST(Turns, AlignKeepsTheCreditOfEveryoneWhoStays) {
  auto members = fleet({1, 2, 3, 4});
  Turns turns;
  EXPECT_TRUE(turns.align(1, members)) << "nothing to carry over at first";
  turns.next(candidates_of(members), everybody);  // d pays: 1 2 3 -6

  const std::vector<Member> next = {members[0], make_member("aa", ipv4(10, 0, 9, 9, 80)),
                                    members[2], members[3]};
  EXPECT_FALSE(turns.align(2, next));
  EXPECT_EQ(turns.version(), 2u);
  EXPECT_EQ(turns.credit(0), 1);
  EXPECT_EQ(turns.credit(1), 0) << "a newcomer starts at 0";
  EXPECT_EQ(turns.credit(2), 3);
  EXPECT_EQ(turns.credit(3), -6);
}

TEST(Turns, ANewIncarnationOfAnIdStartsAtZero) {
  auto members = fleet({1, 2});
  Turns turns;
  turns.align(1, members);
  turns.next(candidates_of(members), everybody);  // 1 -1
  members[0] = make_member("a", ipv4(10, 0, 0, 1, 80));
  EXPECT_FALSE(turns.align(2, members));
  EXPECT_EQ(turns.credit(0), 0);
  EXPECT_EQ(turns.credit(1), -1);
}

}  // namespace
}  // namespace sluice::balance::testing
