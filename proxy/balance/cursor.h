// What a worker remembers for one service between picks: random numbers and round-robin turns.
//
// Belongs to one worker. Handed to every pick() of the service, whichever version: turns of
// instances that did not change are carried over to a new version when a turn is first asked for.
#pragma once

#include <cstdint>
#include <random>

#include "proxy/balance/turns.h"

namespace sluice::balance {

class Cursor {
 public:
  // Random numbers follow from `seed`. Round robin starts at the beginning of its sequence on
  // worker 0, and on each other worker as if some number of picks had been made already, which
  // follows from the seed too.
  Cursor(std::uint32_t worker, std::uint64_t seed);
  // With a seed of the kernel's: no two workers, services or processes draw the same numbers.
  static Cursor seeded(std::uint32_t worker);

  std::uint64_t random();                       // uniform over 64 bits
  std::uint64_t random_below(std::uint64_t n);  // uniform in [0, n). Requires: n > 0.

  // How many turns to skip when round robin starts, below `limit`. Requires: limit > 0.
  std::uint64_t head_start(std::uint64_t limit);

  Turns& turns() { return turns_; }

  // Where the next walk over candidates begins, modulo their number: after the last one chosen.
  std::uint64_t& place() { return place_; }

 private:
  bool starts_at_the_beginning_;
  std::mt19937_64 random_;
  Turns turns_;
  std::uint64_t place_;
};

}  // namespace sluice::balance
