#include "config/check_name.h"

#include "config/printable.h"

namespace sluice::config {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view marks) {
  for (const char c : text) {
    if (!is_letter_or_digit(c) && marks.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

}  // namespace

void check_name(const std::string& name, std::string_view marks, std::size_t longest,
                const Site& site) {
  if (name.size() > longest) {
    site.error("longer than " + std::to_string(longest) + " bytes");
  } else if (name == "." || name == ".." || !is_made_of(name, marks)) {
    site.error(in_quotes(name) + " is not a name made of letters, digits and " +
               std::string(marks));
  }
}

}  // namespace sluice::config
