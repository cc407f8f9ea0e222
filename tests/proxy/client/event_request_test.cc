#include "proxy/client/event_request.h"

#include <gtest/gtest.h>

namespace sluice::client {
namespace {

TEST(Watch, GoesOnAfterTheLastEvent) {
  EXPECT_EQ(watch_target("", "", ""), "/v1/watch");
  EXPECT_EQ(watch_target("a&b", "", ""), "/v1/watch?service=a%26b");
  EXPECT_EQ(watch_target("pg", "role=primary", ""), "/v1/watch?service=pg&selector=role%3Dprimary");
  EXPECT_EQ(watch_target("pg", "", "e1-17"), "/v1/watch?service=pg&epoch=e1&since=17");
}

}  // namespace
}  // namespace sluice::client
