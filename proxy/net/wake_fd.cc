#include "proxy/net/wake_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::net {

WakeFd::WakeFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
}

void WakeFd::ring() {
  if (!rings_.exchange(true, std::memory_order_acq_rel)) ::eventfd_write(fd_.get(), 1);
}

void WakeFd::hush() {
  eventfd_t rings = 0;
  ::eventfd_read(fd_.get(), &rings);
  // After the read: a ring between the two would otherwise be taken away unheard, and leave rings_
  // set.
  rings_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace sluice::net
