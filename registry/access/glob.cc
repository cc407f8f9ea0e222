#include "registry/access/glob.h"

namespace sluice::access {

bool is_glob(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@+~-*?";
  return !text.empty() && text.size() <= kLongestGlob &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Where bytes differ, the last star takes in one byte more, and all after it is tried again: stars
// before the last never need to be reconsidered.
bool matches_glob(std::string_view glob, std::string_view name) {
  std::size_t g = 0, n = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t resume = 0;  // in `name`
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      after_star = ++g;
      resume = n;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
      ++g;
      ++n;
    } else if (after_star != std::string_view::npos) {
      g = after_star;
      n = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

}  // namespace sluice::access
