// Lets things begin at a rate: so many a second, evenly, by a timer of the kernel's.
//
// The timer's ticks come after 0.5 to 1.5 of their time at random: two loads whose ticks are of one
// length would otherwise keep step for a whole run, in each other's way always or never.
//
// What is late is made up for: after a stall, `due` is called for each that should have begun. One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <random>

#include "bench/load/clock.h"
#include "bench/load/poll.h"

namespace sluice::bench {

class Pacer final : public Handler {
 public:
  using Due = std::function<void(Nanoseconds due)>;  // when it should have begun
  Pacer(Poll& poll, double rate, Due due);

  void on_events(std::uint32_t events) override;

 private:
  void arm();

  const Due due_;
  const Nanoseconds gap_;
  Nanoseconds next_;
  std::minstd_rand random_;
  net::Fd timer_;
};

}  // namespace sluice::bench
