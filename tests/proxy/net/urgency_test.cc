#include "proxy/net/urgency.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <thread>

namespace sluice::net {
namespace {

int nice_value() {
  return ::getpriority(PRIO_PROCESS, 0);
}

struct Seen {
  Urgency urgency;
  int begins_with;
  int nice;
};

class UrgencyOfAThread : public testing::TestWithParam<Seen> {};

TEST_P(UrgencyOfAThread, IsItsOwn) {
  const int before = nice_value();
  int there = 0;
  std::thread([&] {
    ::setpriority(PRIO_PROCESS, 0, GetParam().begins_with);
    set_urgency(GetParam().urgency);
    there = nice_value();
  }).join();
  EXPECT_EQ(there, GetParam().nice);
  EXPECT_EQ(nice_value(), before);
}

INSTANTIATE_TEST_SUITE_P(Each, UrgencyOfAThread,
                         testing::Values(Seen{Urgency::connections, 3, 3},
                                         Seen{Urgency::orders, 3, 3},
                                         Seen{Urgency::background, 3, 10},
                                         Seen{Urgency::background, 15, 15}));

TEST(Urgency, LeavesAThreadTheSchedulerThatItWasGiven) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_BATCH, &none), 0);
    set_urgency(Urgency::connections);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
  }).join();
}

}  // namespace
}  // namespace sluice::net
