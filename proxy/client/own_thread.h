// A loop on a thread of its own, inside of a program that knows nothing of it.
//
// The thread takes no signals but those that a fault of its own raises. Whatever is made on the
// loop before begin() and destroyed after end() belongs to the thread in between.
#pragma once

#include <sys/types.h>

#include <functional>
#include <thread>

#include "proxy/net/latest.h"
#include "proxy/net/loop.h"

namespace sluice::client {

class OwnThread {
 public:
  OwnThread();
  ~OwnThread();  // requires: it has not begun, or ended
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

  net::Loop& loop() { return loop_; }
  void begin();                             // throws std::system_error if there is no thread
  void end();                               // after what has been posted
  void post(std::function<void()> action);  // any thread; done on this one, in order

  // Whether this is the process that made it, and not one that was forked off.
  bool is_ours() const;

 private:
  const pid_t process_;
  net::Loop loop_;
  net::Mailbox<std::function<void()>> actions_;
  net::Bell bell_;
  std::thread thread_;
};

}  // namespace sluice::client
