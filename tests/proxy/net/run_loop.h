// Runs a loop for a test: until something holds, and no longer than patience lasts.
#pragma once

#include <functional>

#include "proxy/net/loop.h"
#include "tests/support/wait.h"

namespace sluice::test {

// Looks once before the first turn and then every millisecond. Returns what it saw last.
inline bool run_until(net::Loop& loop, const std::function<bool()>& holds,
                      Milliseconds within = kPatience) {
  if (holds()) return true;
  const Deadline deadline(within);
  bool held = false;
  net::Timer look(loop, [&] {
    held = holds();
    if (held || deadline.has_passed()) loop.stop();
  });
  look.repeat(1);
  loop.run();
  return held;
}

// Lets the loop's clock go on by `turns` milliseconds or more, in as many turns, for what must not
// happen.
inline void run_turns(net::Loop& loop, int turns) {
  run_until(loop, [&turns] { return turns-- == 0; });
}

}  // namespace sluice::test
