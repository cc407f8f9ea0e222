#include "proxy/net/background.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

namespace sluice::net {
namespace {

TEST(Background, IsOfTheCallingThreadAlone) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  int there = 0;
  std::thread([&] {
    stand_behind_workers();
    there = ::getpriority(PRIO_PROCESS, 0);
  }).join();
  EXPECT_EQ(there, 10);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before);
}

}  // namespace
}  // namespace sluice::net
