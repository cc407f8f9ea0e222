// What must hold after every scenario, whatever it was.
//
// An Invariants notes the state of a running Sluice when it is made. expect_hold(), called when the
// scenario's connections are closed, fails the test unless, within two seconds,
//   - the same process is alive,
//   - it holds as many descriptors as before, give or take four, and those of the pipes that each
//   worker keeps
//     for splice(2), 64 at most,
//   - no connection is left, by its own metrics and by the kernel's table of its sockets,
// and then
//   - no figure on its metrics page is negative or 2^63 and more,
//   - it spends at most 30 ms of processor time in an idle second,
//   - it has grown by no more than `may_grow` bytes.
// A build with sanitizers is allowed more time and memory.
#pragma once

#include <cstdint>

#include "tests/support/sluice.h"

namespace sluice::test {

class Invariants {
 public:
  explicit Invariants(Sluice& sluice);
  void expect_hold(std::uint64_t may_grow = 8 << 20);

  // In the midst of a scenario: the connections that metrics and API count, for the listener and
  // for each instance of service "s", are those of the kernel's table.
  void expect_counts_agree();

 private:
  void expect_nothing_left();
  void expect_sane_metrics();
  void expect_idle();

  Sluice& sluice_;
  pid_t pid_;
  std::size_t fds_;  // without pipes
  std::uint64_t resident_;
};

}  // namespace sluice::test
