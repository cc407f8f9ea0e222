// What holds of every judgement of an answer to a check.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/health/judgement.h"
#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz {

using health::Judgement;

// Of an answer and of every beginning of it.
inline void require_judged_alike(health::Judge judge, std::string_view heard) {
  const std::string_view looked_at = heard.substr(0, health::kJudgedBytes + 64);
  Judgement before;
  for (std::size_t size = 0; size <= looked_at.size(); ++size) {
    Judgement now = judge(looked_at.substr(0, size));
    const bool is_open = now.state == Judgement::State::open;
    require(before.state == Judgement::State::open || before.state == now.state,
            "what was decided stays so");
    require(!is_open || size < health::kJudgedBytes, "a judgement needs no more than its bound");
    require(now.why.empty() == is_open, "a judgement has a reason, an open one has none");
    if (!is_open) require_message(now.why, 400);
    if (now.state != Judgement::State::down) {
      require(now.words.starts_with(before.words), "what was said stays said");
      require(now.words.size() <= 4 * health::kJudgedBytes, "few words are answered by few");
      before.words = now.words;
    }
    before.state = now.state;
  }
}

}  // namespace sluice::fuzz
