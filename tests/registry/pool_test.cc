#include "registry/pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::registry {
namespace {

using config::Text;

TEST(Pool, KeepsEqualValuesOnce) {
  Pool<std::string> pool;
  const Text a = pool.share("zone-a");
  EXPECT_EQ(&*pool.share("zone-a"), &*a);
  EXPECT_NE(&*pool.share("zone-b"), &*a);
  EXPECT_TRUE(pool.share("").empty());
}

TEST(Pool, LetsGoOfWhatNobodyHolds) {
  Pool<std::string> pool;
  const Text kept = pool.share("kept");
  Text other = "held by the test";
  other = pool.share(other);
  EXPECT_EQ(other.holders(), 2u);
  for (int i = 0; i < 1'000; ++i) pool.share("passing " + std::to_string(i));
  EXPECT_EQ(&*pool.share("kept"), &*kept);
  EXPECT_LE(pool.size(), 130u);
}

}  // namespace
}  // namespace sluice::registry
