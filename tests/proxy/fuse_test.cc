#include "proxy/fuse.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Fuse, BlowsByTheFormulaOfItsHeader) {
  config::Fuse fuse;  // factor 3, min_connections 20
  const struct {
    Outcomes part, others;
    bool blows;
  } rows[] = {
      {{20, 20}, {400, 0}, true},    {{19, 19}, {400, 0}, false},  // too few to judge
      {{20, 3}, {400, 0}, false},                                  // 15 % is not above 3 * 5 %
      {{20, 4}, {400, 0}, true},     {{1000, 150}, {400, 0}, false},
      {{1000, 151}, {400, 0}, true}, {{20, 4}, {0, 0}, true},  // nothing is known of the others
      {{20, 10}, {400, 60}, true},                             // 50 % against 3 * 15 %
      {{20, 8}, {400, 60}, false},                             // 40 %
      {{20, 20}, {400, 200}, false},                           // they fail, too
      {{20, 25}, {400, 100}, true},                            // of connections that began before
  };
  for (const auto& row : rows) {
    EXPECT_EQ(has_failed_too_often(fuse, row.part, row.others), row.blows)
        << comparison(fuse, row.part, row.others);
  }
  fuse.min_connections = 1;
  EXPECT_FALSE(has_failed_too_often(fuse, {2, 2}, {100, 0})) << "two failures are none";
  EXPECT_TRUE(has_failed_too_often(fuse, {3, 3}, {100, 0}));
  fuse.factor = 1.5;
  EXPECT_TRUE(has_failed_too_often(fuse, {39, 3}, {100, 0})) << "7.7 % against 1.5 * 5 %";
  EXPECT_FALSE(has_failed_too_often(fuse, {40, 3}, {100, 0}));
}

TEST(Fuse, SaysWhatItCompared) {
  EXPECT_EQ(comparison({}, {40, 12}, {760, 1}),
            "12 of its 40 connections failed within 1m, of the others 1 of 760");
}

TEST(SlidingOutcomes, CountTheWindowAlone) {
  SlidingOutcomes seen(3200, 1000, {50, 50});
  const auto at = [&](std::uint64_t now_ms, Outcomes total) { return seen.slide(now_ms, total); };
  EXPECT_EQ(at(1000, {50, 50}).given, 0u) << "what was before does not count";
  EXPECT_EQ(at(1010, {53, 51}).given, 3u);
  EXPECT_EQ(at(1010, {53, 51}).failed, 1u);
  EXPECT_EQ(at(2000, {60, 51}).given, 10u);
  EXPECT_EQ(at(4199, {60, 51}).given, 10u);
  EXPECT_EQ(at(5200, {60, 51}).given, 0u) << "all of it is older than the window";
  EXPECT_EQ(at(5201, {61, 51}).given, 1u);
}

}  // namespace
}  // namespace sluice
