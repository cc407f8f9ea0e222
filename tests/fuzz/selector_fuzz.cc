// A selector, perhaps another, and labels (key, value, key, value ...), with NULs between them.
#include "config/selector.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::selector_target {

using namespace sluice::config;

namespace {

std::optional<Selector> parse(std::string_view text) {
  SelectorProblem problem;
  const auto selector = Selector::parse(text, problem);
  if (selector) return selector;
  require(problem.position <= text.size(), "the place of a problem lies in the text");
  require_message(problem.text());
  return std::nullopt;
}

void require_round_trip(const Selector& selector, const Labels& labels) {
  const std::string text = selector.text();
  const auto again = parse(text);
  require(again == selector, "what is written is read back");
  require(again->text() == text, "there is one way to write a selector");
  require(again->matches(labels) == selector.matches(labels), "equal selectors hold for the same");
  require(selector.is_empty() == text.empty(), "only the empty one has an empty text");
  require(!selector.is_empty() || selector.matches(labels), "an empty one holds for all");
}

// All terms must hold, so two selectors joined hold where both do.
void require_conjunction(const Selector& one, const Selector& other, const Labels& labels) {
  if (one.is_empty() || other.is_empty()) return;
  SelectorProblem problem;  // too many terms, too long
  const auto both = Selector::parse(one.text() + "," + other.text(), problem);
  if (!both) return;
  require(both->matches(labels) == (one.matches(labels) && other.matches(labels)),
          "a comma joins what must hold");
}

}  // namespace

SLUICE_FUZZ_TARGET(selector) {
  std::string_view rest = text_of(data, size);
  const auto one = parse(next_text(rest));
  const auto other = parse(next_text(rest));
  Labels labels;
  while (!rest.empty()) {
    const std::string_view key = next_text(rest);
    labels.emplace(key, next_text(rest));
  }
  for (const auto& selector : {one, other}) {
    if (selector) require_round_trip(*selector, labels);
  }
  if (one && other) require_conjunction(*one, *other, labels);
  return 0;
}

}  // namespace sluice::fuzz::selector_target
