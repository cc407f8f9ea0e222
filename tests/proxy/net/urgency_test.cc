#include "proxy/net/urgency.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

namespace sluice::net {
namespace {

int nice_value() {
  return ::getpriority(PRIO_PROCESS, 0);
}

bool kernel_is_at_least(int major, int minor) {
  utsname kernel{};
  int its_major = 0, its_minor = 0;
  EXPECT_EQ(::uname(&kernel), 0);
  EXPECT_EQ(std::sscanf(kernel.release, "%d.%d", &its_major, &its_minor), 2);
  return std::pair(its_major, its_minor) >= std::pair(major, minor);
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

// Kernels before 6.12 know no wishes for slices; 0 is the answer there.
TEST(Urgency, IsASliceWhereTheKernelGrantsOne) {
  const auto slice_of = [](Urgency urgency) {
    std::uint64_t slice_ns = 0;
    std::thread([&] {
      set_urgency(urgency);
      std::array<std::uint64_t, 6> told{};  // struct sched_attr; its runtime is the fourth
      ASSERT_EQ(::syscall(SYS_sched_getattr, 0, told.data(), sizeof told, 0), 0);
      slice_ns = told[3];
    }).join();
    return slice_ns;
  };
  if (!kernel_is_at_least(6, 12)) {
    EXPECT_EQ(slice_of(Urgency::connections), 0u);
    return;
  }
  EXPECT_EQ(slice_of(Urgency::connections), 100'000u);
  EXPECT_EQ(slice_of(Urgency::orders), 500'000u);
  EXPECT_EQ(slice_of(Urgency::background), 100'000u);
}

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
