// Wakes the writing thread: an eventfd that is written to at most once until the sleeper has heard
// it.
//
// ring() after a change, on any thread; the sleeper polls fd(), calls hush(), and only then looks
// for changes. A change made before ring() is seen by the look that follows.
#pragma once

#include <atomic>

#include "proxy/net/fd.h"

namespace sluice::log {

class Bell {
 public:
  Bell();  // throws std::system_error if there is no file descriptor left
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring();
  int fd() const { return fd_.get(); }  // readable while it rings
  void hush();                          // the sleeper's

 private:
  net::Fd fd_;
  std::atomic<bool> rings_{false};
};

}  // namespace sluice::log
