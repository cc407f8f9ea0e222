#include "proxy/net/urgency.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace sluice::net {

namespace {

constexpr std::int32_t kNice = 10;
constexpr std::uint64_t kShortestSliceNs = 100'000;  // the kernel knows no shorter one
constexpr std::uint64_t kShortSliceNs = 500'000;

// struct sched_attr as sched_setattr(2) has it, in its first version.
struct Scheduling {
  std::uint32_t size = 48;
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  // of SCHED_OTHER: the slice
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(Scheduling) == 48);

std::uint64_t slice_of(Urgency urgency) {
  return urgency == Urgency::orders ? kShortSliceNs : kShortestSliceNs;
}

}  // namespace

void set_urgency(Urgency urgency) {
  Scheduling wish;
  if (::syscall(SYS_sched_getattr, 0, &wish, sizeof(wish), 0) != 0) return;
  if (wish.policy != SCHED_OTHER) return;
  if (urgency == Urgency::background) wish.nice = std::max(wish.nice, kNice);
  wish.runtime_ns = slice_of(urgency);
  if (::syscall(SYS_sched_setattr, 0, &wish, 0) == 0 || urgency != Urgency::background) return;
  ::setpriority(PRIO_PROCESS, 0, wish.nice);  // of this thread alone: Linux keeps it a thread
}

void give_way() {
  ::sched_yield();
}

}  // namespace sluice::net
