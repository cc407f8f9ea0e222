#include "config/selector.h"

#include <algorithm>
#include <utility>

#include "config/printable.h"

namespace sluice::config {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kMarks = "=!(),<>";
constexpr std::string_view kKeyLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";

template <class T>
void sort_each_once(std::vector<T>& list) {
  std::ranges::sort(list);
  const auto rest = std::ranges::unique(list);
  list.erase(rest.begin(), rest.end());
}

}  // namespace

// Reads from the left to the right, one word ahead. After the first fault everything reads as the
// end of the text, so that only the first is told.
class SelectorParser {
 public:
  SelectorParser(std::string_view text, SelectorProblem& problem)
      : text_(text), problem_(problem) {}

  std::optional<Selector> run() {
    if (text_.size() > kLongestSelector) {
      fail(kLongestSelector, "a selector has at most 4096 bytes");
    } else if (const auto bad = find_invalid_utf8(text_); bad != std::string_view::npos) {
      fail(bad, "not UTF-8");
    } else if (!at_end()) {
      read_terms();
    }
    if (failed_) return std::nullopt;
    sort_each_once(selector_.terms_);
    // The one way to write it has a space where there was none: it is to be read back.
    if (selector_.text().size() > kLongestSelector) {
      fail(text_.size(), "a selector has at most 4096 bytes");
      return std::nullopt;
    }
    return std::move(selector_);
  }

 private:
  using Term = Selector::Term;
  using Operator = Selector::Operator;

  void read_terms() {
    do {
      if (selector_.terms_.size() == kMostSelectorTerms) {
        return fail(at_, "a selector has at most 64 terms");
      }
      selector_.terms_.push_back(read_term());
    } while (take(","));
    if (!at_end()) expected("\",\" or the end");
  }

  Term read_term() {
    Term term;
    const bool is_absent = take("!");
    term.key = read_key();
    if (is_absent) {
      term.op = Operator::absent;
    } else {
      read_operator(term);
    }
    sort_each_once(term.values);
    return term;
  }

  void read_operator(Term& term) {
    if (at_end() || next() == ',') return;  // exists
    const bool is_not_equal = take("!=");
    if (is_not_equal || take("==") || take("=")) {
      term.op = is_not_equal ? Operator::not_in : Operator::in;
      term.values.push_back(read_value());
      return;
    }
    const std::size_t start = at_;
    const std::string_view word = read_word();
    if (word != "in" && word != "notin") {
      at_ = start;
      return expected("\"=\", \"==\", \"!=\", \"in\", \"notin\" or \",\"");
    }
    term.op = word == "in" ? Operator::in : Operator::not_in;
    read_values(term.values);
  }

  void read_values(std::vector<std::string>& values) {
    if (!take("(")) return expected("\"(\"");
    do {
      values.push_back(read_value());
    } while (take(","));
    if (!take(")")) expected("\",\" or \")\"");
  }

  std::string read_key() {
    skip_spaces();
    const std::size_t start = at_;
    const std::string_view key = read_word();
    if (key.empty()) {
      expected("a label's key");
    } else if (const auto bad = key.find_first_not_of(kKeyLetters); bad != key.npos) {
      fail(start + bad, "a label's key is made of letters, digits and _./-");
    }
    return std::string(key);
  }

  std::string read_value() {
    skip_spaces();
    const std::size_t start = at_;
    const std::string_view value = read_word();
    if (has_control(value)) fail(start, "a value must not hold control characters");
    return std::string(value);
  }

  // Up to the next space or mark; empty if there is one at once.
  std::string_view read_word() {
    skip_spaces();
    const std::size_t start = at_;
    while (at_ < text_.size() && kSpaces.find(text_[at_]) == kSpaces.npos &&
           kMarks.find(text_[at_]) == kMarks.npos) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  bool take(std::string_view mark) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(mark)) return false;
    at_ += mark.size();
    return true;
  }

  void skip_spaces() {
    while (at_ < text_.size() && kSpaces.find(text_[at_]) != kSpaces.npos) ++at_;
  }

  bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }

  char next() const { return text_[at_]; }  // Requires: not at_end()

  void expected(const std::string& what) {
    const bool is_end = at_end();
    const std::size_t start = at_;
    std::string_view found = read_word();
    if (found.empty()) found = text_.substr(start, 1);
    fail(start, "expected " + what + ", found " + (is_end ? "the end" : in_quotes(found)));
  }

  void fail(std::size_t position, std::string what) {
    if (!failed_) problem_ = {position, std::move(what)};
    failed_ = true;
    at_ = text_.size();
  }

  const std::string_view text_;
  SelectorProblem& problem_;
  Selector selector_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

std::string SelectorProblem::text() const {
  return "at byte " + std::to_string(position + 1) + ": " + what;
}

std::optional<Selector> Selector::parse(std::string_view text, SelectorProblem& problem) {
  return SelectorParser(text, problem).run();
}

bool Selector::matches(const Labels& labels) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return term.holds(labels); });
}

bool Selector::Term::holds(const Labels& labels) const {
  const auto label = labels.find(key);
  const bool is_there = label != labels.end();
  switch (op) {
    case Operator::in:
      return is_there && std::ranges::binary_search(values, label->second);
    case Operator::not_in:
      return !is_there || !std::ranges::binary_search(values, label->second);
    case Operator::exists:
      return is_there;
    case Operator::absent:
      break;
  }
  return !is_there;
}

std::string Selector::text() const {
  std::string out;
  for (const Term& term : terms_) {
    if (!out.empty()) out += ',';
    out += term.text();
  }
  return out;
}

std::string Selector::Term::text() const {
  if (op == Operator::exists) return key;
  if (op == Operator::absent) return '!' + key;
  if (values.size() == 1) return key + (op == Operator::in ? "=" : "!=") + values.front();
  std::string out = key + (op == Operator::in ? " in (" : " notin (");
  for (std::size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : ",") + values[i];
  return out + ')';
}

}  // namespace sluice::config
