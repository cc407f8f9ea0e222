#include "proxy/health/history.h"

#include <gtest/gtest.h>

namespace sluice::health {
namespace {

TEST(History, KeepsTheLastTenInTheirOrder) {
  for (const std::size_t count : {0u, 1u, 9u, 10u, 11u, 25u}) {
    History history;
    std::vector<CheckResult> expected;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string failure = i % 3 == 0 ? "failure " + std::to_string(i) : "";
      history.add(1000 + i, i, failure);
      expected.push_back({1000 + i, i, failure});
    }
    if (count > History::kKept) expected.erase(expected.begin(), expected.end() - History::kKept);
    EXPECT_EQ(history.results(), expected) << count;
  }
}

TEST(History, KeepsATextOnce) {
  History history;
  for (std::uint64_t i = 0; i < 30; ++i) history.add(i, 1, i % 2 == 0 ? "refused" : "reset");
  const std::vector<CheckResult> results = history.results();
  EXPECT_EQ(results[0].failure.holders(), History::kKept) << "five there, five here";
  EXPECT_EQ(results[1].failure.holders(), History::kKept);
}

}  // namespace
}  // namespace sluice::health
