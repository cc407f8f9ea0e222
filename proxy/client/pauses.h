// How long to wait before a request that came to nothing is made again: 0.1 to 5 s, growing with
// the failures in a row; up to 30 s where the registry refuses what another try will not change, a
// token or a malformed field. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "proxy/client/admin_client.h"

namespace sluice::client {

// The answer may well be different the next time.
bool is_passing(const Answer& answer);

class Pauses {
 public:
  static constexpr std::chrono::milliseconds kLongest{5'000};
  static constexpr std::chrono::milliseconds kLongestAfterRefusal{30'000};

  std::uint64_t next_ms(std::chrono::milliseconds longest = kLongest);
  std::uint64_t next_ms(const Answer& answer);
  void reset() { failures_ = 0; }
  bool is_reset() const { return failures_ == 0; }

  double unit();  // uniform in [0, 1)

 private:
  std::minstd_rand random_{std::random_device()()};
  std::uint32_t failures_ = 0;  // in a row
};

}  // namespace sluice::client
