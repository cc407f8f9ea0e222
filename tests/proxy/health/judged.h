// An answer to a check as a test judges it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "proxy/health/judgement.h"

namespace sluice::health {

// "up: why", "down: why" or "open", after all of `bytes`; byte by byte on the way there, nothing
// that was decided is decided otherwise.
inline std::string judged(Judge judge, std::string_view bytes) {
  using State = Judgement::State;
  State before = State::open;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Judgement now = judge(bytes.substr(0, size));
    EXPECT_TRUE(before == State::open || before == now.state) << size << " bytes: " << now.why;
    EXPECT_EQ(now.why.empty(), now.state == State::open);
    before = now.state;
  }
  const Judgement all = judge(bytes);
  EXPECT_TRUE(before == State::open || before == all.state) << all.why;
  if (all.state == State::open) return "open";
  return (all.state == State::up ? "up: " : "down: ") + all.why;
}

struct Answer {
  std::string bytes;
  const char* judged;
};

}  // namespace sluice::health
