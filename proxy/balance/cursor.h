// What a worker remembers for one service between picks: random numbers and round-robin turns.
//
// Belongs to one worker. Handed to every pick() of the service, whichever version: positions of
// instances that did not change are carried over to a new version when it is first picked from.
#pragma once

#include <cstdint>
#include <random>

#include "proxy/balance/turns.h"

namespace sluice::balance {

class Cursor {
 public:
  // `seed` differs per worker, and so does the place where round robin starts: the worker behaves
  // as if it had already made some number of picks that follows from the seed. Seed 0 starts at the
  // beginning of the sequence.
  explicit Cursor(std::uint64_t seed);

  std::uint64_t random();                       // uniform over 64 bits
  std::uint64_t random_below(std::uint64_t n);  // uniform in [0, n). Requires: n > 0.

  // How many turns to skip when round robin starts, below `limit`. Requires: limit > 0.
  std::uint64_t head_start(std::uint64_t limit);

  Turns& turns() { return turns_; }

 private:
  bool starts_at_the_beginning_;
  std::mt19937_64 random_;
  Turns turns_;
};

}  // namespace sluice::balance
