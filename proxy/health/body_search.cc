#include "proxy/health/body_search.h"

#include <algorithm>

namespace sluice::health {

void BodySearch::take(std::string_view piece) {
  piece = piece.substr(0, kLimit - seen_);
  seen_ += piece.size();
  if (found_) return;
  tail_ += piece;
  found_ = tail_.find(text_) != std::string::npos;
  tail_.erase(0, tail_.size() - std::min(tail_.size(), text_.size() - 1));
}

}  // namespace sluice::health
