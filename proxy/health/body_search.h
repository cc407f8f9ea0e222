// Looks for a text in an answer's body while it arrives in pieces, however it is cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::health {

class BodySearch {
 public:
  static constexpr std::size_t kLimit = 64 << 10;  // bytes of the body that are looked at

  // `text` must outlive the search; an empty one is found in any body, an empty body too.
  explicit BodySearch(std::string_view text) : text_(text), found_(text.empty()) {}

  // Looks at the next piece. Keeps no more of it than what a match across the cut needs.
  void take(std::string_view piece);
  bool found() const { return found_; }
  bool is_full() const { return seen_ >= kLimit; }  // further pieces are not looked at

 private:
  std::string_view text_;
  std::string tail_;  // the last bytes seen, fewer than the text has
  std::size_t seen_ = 0;
  bool found_;
};

}  // namespace sluice::health
