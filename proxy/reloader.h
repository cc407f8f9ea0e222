// Reads the operator's files again, away from the control loop (a large file takes its time), one
// read after the other. Control loop; `done` comes on it too. Destroying it waits for a read that
// is under way and drops the rest.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "proxy/briefing.h"
#include "proxy/net/loop.h"

namespace sluice {

class Reloader {
 public:
  using Post =
      std::function<void(std::function<void()>)>;  // any thread: runs an action on the control loop
  Reloader(std::function<Briefing()> load, Post post);
  ~Reloader();

  void read(std::function<void(Briefing)> done);
  bool is_reading() const { return !waiting_.empty(); }

 private:
  void begin();

  const std::function<Briefing()> load_;
  const Post post_;
  std::deque<std::function<void(Briefing)>> waiting_;  // the first one's read is under way
  std::thread thread_;
};

}  // namespace sluice
