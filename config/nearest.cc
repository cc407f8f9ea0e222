#include "config/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t kLongest = 64;
constexpr std::size_t kMostCandidates = 256;

using Row = std::array<std::size_t, kLongest + 1>;

// Three rows of the table are enough: this one, the one above and, for a swap, the one above that.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<Row, 3> rows{};
  Row *two_above = &rows[0], *above = &rows[1], *row = &rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) (*above)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*row)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = (*above)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      std::size_t least = std::min({(*above)[j] + 1, (*row)[j - 1] + 1, changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) least = std::min(least, (*two_above)[j - 2] + 1);
      (*row)[j] = least;
    }
    std::swap(two_above, above);
    std::swap(above, row);
  }
  return (*above)[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate :
       candidates.first(std::min(candidates.size(), kMostCandidates))) {
    const std::size_t edits = distance(word.substr(0, kLongest), candidate.substr(0, kLongest));
    if (edits >= least) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

}  // namespace sluice::config
