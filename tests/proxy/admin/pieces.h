// That a RequestReader says the same however its bytes were cut on their way.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "tests/proxy/admin/reading.h"

namespace sluice::admin {

inline std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 1; at < size; ++at) cuts.push_back(at);
  return cuts;
}

// Wherever the bytes are cut in two, and when they come one by one, the verdict is the same.
inline void expect_the_same_in_pieces(std::string_view bytes, const char* name,
                                      ReaderLimits limits = {}) {
  constexpr std::size_t kTwoPiecesUpTo = 1024;
  const Reading reading = read_at_once(bytes, limits);
  EXPECT_EQ(read_in_pieces(bytes, every_byte(bytes.size()), limits), reading)
      << name << ", byte by byte";
  for (std::size_t cut = 1; cut < std::min(bytes.size(), kTwoPiecesUpTo); ++cut) {
    EXPECT_EQ(read_in_pieces(bytes, {cut}, limits), reading) << name << ", cut at " << cut;
  }
}

}  // namespace sluice::admin
