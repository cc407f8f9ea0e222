#include "proxy/net/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace sluice::net {

namespace {

constexpr int kNice = 10;
constexpr std::uint64_t kSliceNs = 100'000;

// struct sched_attr as sched_setattr(2) has it, in its first version.
struct SchedulingWish {
  std::uint32_t size = 48;
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = kNice;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = kSliceNs;  // of SCHED_OTHER: the slice
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingWish) == 48);

}  // namespace

void stand_behind_workers() {
  const SchedulingWish wish;
  if (::syscall(SYS_sched_setattr, 0, &wish, 0) == 0) return;
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread alone: Linux keeps it a thread
}

}  // namespace sluice::net
