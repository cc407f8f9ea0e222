#include "config/screen.h"

#include <algorithm>
#include <string>

#include "config/document.h"
#include "config/printable.h"
#include "config/utf8.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxLines = 200'000;
constexpr std::size_t kMaxKeys = kMaxNodes / 2;
constexpr std::size_t kMaxQuotes = 150'000;
constexpr std::size_t kMaxMarks = 75'000;

// The offset of the first character that YAML text cannot hold; npos if there is none.
std::size_t find_binary(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if ((c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t') {
      ++i;
      continue;
    }
    const Utf8 next = decode_utf8(text.substr(i));
    if (!next.valid || next.length == 1) return i;
    i += next.length;
  }
  return std::string_view::npos;
}

bool is_flow(char c) {
  return c == '[' || c == ']' || c == '{' || c == '}' || c == ',';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_property(char c) {
  return c == '&' || c == '*' || c == '!';
}
bool is_quote(char c) {
  return c == '"' || c == '\'';
}

// What costs yaml-cpp more than its bytes. Its scanner reads a flow collection to the very end, at
// some 90 bytes a token, before the first event of it comes: long before TreeBuilder can say that
// it is too deep or too large. So the marks are counted beforehand, in comments and quotes too.
struct Costs {
  std::size_t lines = 1, marks = 0, quotes = 0, keys = 0;

  void count(char before, char c, char after) {
    if (c == '\n' || c == '\r') ++lines;
    if (is_flow(c) || (is_property(c) && (is_blank(before) || is_flow(before)))) ++marks;
    if (is_quote(c)) ++quotes;
    const bool ends_a_key = is_blank(after) || is_flow(after) || is_quote(before) || before == ':';
    if ((c == ':' || c == '?') && ends_a_key) ++keys;
  }

  // What count() takes no notice of.
  static bool is_free(char c) {
    return c == ' ' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  }

  const char* excess() const {
    if (lines > kMaxLines) return "more than 200000 lines";
    if (keys > kMaxKeys) return "more than 100000 keys";
    if (quotes > kMaxQuotes) return "more than 150000 quotes";
    if (marks > kMaxMarks) {
      return "more than 75000 of the marks [ ] { } , & * !; write long lists line by line";
    }
    return nullptr;
  }
};

bool is_affordable(std::string_view text, Report& report) {
  Costs costs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Costs::is_free(text[i])) continue;
    costs.count(i > 0 ? text[i - 1] : '\n', text[i], i + 1 < text.size() ? text[i + 1] : '\n');
    const char* const excess = costs.excess();
    if (excess == nullptr) continue;
    report.add(Severity::error, place_at(text, i), "", excess);
    return false;
  }
  return true;
}

bool is_text(std::string_view text, Report& report) {
  if (text.size() > kMaxFileBytes) {
    report.add(Severity::error, {}, "", "larger than 4 MiB");
    return false;
  }
  const std::size_t bad = find_binary(text);
  if (bad == std::string_view::npos) return true;
  const bool control = has_control(text.substr(bad, 1));
  report.add(Severity::error, place_at(text, bad), "",
             std::string("not UTF-8 text: ") + (control ? "control character " : "stray byte ") +
                 in_quotes(text.substr(bad, 1)));
  return false;
}

}  // namespace

bool screen(std::string_view text, Report& report) {
  return is_text(text, report) && is_affordable(text, report);
}

}  // namespace sluice::config
