// What an instance's answer to a check is worth, in the dialects that checks speak: pure functions
// of the bytes that have come, from the first one on.
//
// However an answer is torn, it is judged alike: more bytes make an open judgement up or down, but
// not an up one down or the reverse. None is open with kJudgedBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::health {

inline constexpr std::size_t kJudgedBytes = 4 << 10;

struct Judgement {
  enum class State : std::uint8_t { open, up, down };
  State state = State::open;
  std::string why;    // for people, short and on one line: what was answered; "" while it is open
  std::string words;  // what is said in turn to all that has come: with more of it, more of this
};
using Judge = Judgement (*)(std::string_view heard);

inline Judgement up(std::string why, std::string words = "") {
  return {Judgement::State::up, std::move(why), std::move(words)};
}
inline Judgement down(std::string why) {
  return {Judgement::State::down, std::move(why), ""};
}
// What is no answer of a server of this name at all.
Judgement foreign(std::string_view server, std::string_view heard);

}  // namespace sluice::health
