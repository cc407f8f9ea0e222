// A condition on labels: "role=primary,zone in (a,b),!canary".
//
// For listeners and routes that want some of a service's instances, and for readers of the API. A
// value: compared with ==, safe on any thread. It stands in config/ because a selector that cannot
// be read is an error of the file that holds it.
//
// Syntax and meaning are those of Kubernetes (k8s.io/apimachinery, pkg/labels, selector.go),
// without its ">" and "<". Terms are joined by commas and must all hold; spaces, tabs and line ends
// may stand between words:
//
//   KEY = VALUE, KEY == VALUE   the label is there and is VALUE
//   KEY in (VALUE, ...)         the label is there and is one of them
//   KEY != VALUE                the label is another one, or is not there
//   KEY notin (VALUE, ...)      the label is none of them, or is not there
//   KEY, !KEY                   the label is there, is not there
//
// A KEY is made of letters, digits and "_./-", like the keys of labels. A VALUE is UTF-8 without
// spaces, control characters and "=!(),<>"; it may be empty, so "a=" asks for an empty label and
// "a in (x,)" for x or an empty one. (Kubernetes allows fewer values, for its labels are fewer.) An
// empty selector holds for all labels.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sluice::config {

inline constexpr std::size_t kLongestSelector = 4096;  // bytes, as given and as text() writes it
inline constexpr std::size_t kMostSelectorTerms = 64;

// Why a text is no selector. `position` counts bytes from 0 and may be one past the end.
struct SelectorProblem {
  std::size_t position = 0;
  std::string what;  // "expected a value, found \")\""

  std::string text() const;  // "at byte 7: expected ...", counted from 1 for people
};

class Selector {
 public:
  Selector() = default;  // holds for all labels

  static std::optional<Selector> parse(std::string_view text, SelectorProblem& problem);

  bool matches(const Labels& labels) const;
  bool is_empty() const { return terms_.empty(); }

  // Canonical, and read back as an equal one: terms and values in order and each once, "=" for "=="
  // and for "in" with a single value, "!=" likewise.
  std::string text() const;

  // Equal are those that ask for the same in other words or in another order. (Not all that mean
  // the same: "a,a=x" is not "a=x".)
  friend bool operator==(const Selector&, const Selector&) = default;

 private:
  friend class SelectorParser;

  enum class Operator : std::uint8_t { in, not_in, exists, absent };
  struct Term {
    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;  // ascending, each once; at least one for in and not_in

    bool holds(const Labels& labels) const;
    std::string text() const;
    friend auto operator<=>(const Term&, const Term&) = default;
    friend bool operator==(const Term&, const Term&) = default;
  };

  std::vector<Term> terms_;  // ascending, each once
};

}  // namespace sluice::config
