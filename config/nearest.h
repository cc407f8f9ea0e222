// "Did you mean ...?": the known word that takes the fewest edits to reach. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

// The candidate at the least edit distance (a letter added, dropped or changed, or two neighbours
// swapped: optimal string alignment) from `word`; the earlier one of equals; empty if there are no
// candidates. Bounded work: only the first 64 bytes of a word and the first 256 candidates count.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "a, b, c", for messages.
std::string listed(std::span<const std::string_view> words);

}  // namespace sluice::config
