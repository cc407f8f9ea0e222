#include "proxy/session/place.h"

#include <gtest/gtest.h>

namespace sluice::session {
namespace {

TEST(PlaceTest, NeverGivesMoreThanTheLimit) {
  std::atomic<std::uint32_t> taken{0};
  {
    const Place one = Place::take(taken, 2);
    const Place two = Place::take(taken, 2);
    EXPECT_TRUE(one && two);
    EXPECT_FALSE(Place::take(taken, 2));
    EXPECT_EQ(taken.load(), 2u);
  }
  EXPECT_EQ(taken.load(), 0u);
  EXPECT_TRUE(Place::take(taken, 0)) << "0 is no limit";
}

TEST(PlaceTest, IsTakenOnlyWhileWhatWasSeenHolds) {
  std::atomic<std::uint32_t> taken{0};
  const Place first = Place::take_after(taken, 0);
  EXPECT_TRUE(first);
  EXPECT_FALSE(Place::take_after(taken, 0));
  EXPECT_FALSE(Place::take_after(taken, 2));
  EXPECT_EQ(taken.load(), 1u);
}

}  // namespace
}  // namespace sluice::session
