// Wakes a sleeper that polls: an eventfd that is written to at most once until the sleeper has
// heard it.
//
// ring() after a change, on any thread; the sleeper polls fd(), calls hush(), and only then looks
// for changes. A change made before ring() is seen by the look that follows.
#pragma once

#include <atomic>

#include "proxy/net/fd.h"

namespace sluice::net {

class WakeFd {
 public:
  WakeFd();  // throws std::system_error if there is no file descriptor left
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  void ring();
  int fd() const { return fd_.get(); }  // readable while it rings
  void hush();                          // the sleeper's

 private:
  Fd fd_;
  std::atomic<bool> rings_{false};
};

}  // namespace sluice::net
