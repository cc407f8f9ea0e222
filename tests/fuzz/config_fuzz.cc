// Whatever bytes a configuration holds, it is taken whole or refused with a place inside of it, and
// one that is taken survives being written and read again.
#include <algorithm>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/load.h"
#include "config/render.h"
#include "config/report.h"
#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz::config_target {

using namespace sluice::config;

namespace {

std::optional<std::string> environment(std::string_view name) {
  if (name.starts_with('X')) return std::nullopt;
  return std::string(name);
}

std::vector<std::size_t> line_sizes(std::string_view text) {
  std::vector<std::size_t> sizes(1, 0);
  for (const char c : text) {
    if (c == '\n') {
      sizes.push_back(0);
    } else {
      ++sizes.back();
    }
  }
  return sizes;
}

void require_place(const Problem& problem, const std::vector<std::size_t>& lines) {
  if (problem.line == 0) return require(problem.column == 0, "no column without a line");
  require(problem.line <= lines.size() + 1, "the line is one of the text, or just behind it");
  const std::size_t size = problem.line <= lines.size() ? lines[problem.line - 1] : 0;
  require(problem.column <= size + 1, "the column is one of the line, or just behind it");
}

void require_bounds(const Node& node, std::size_t depth, std::size_t& nodes) {
  require(depth <= kMaxDepth + 1, "the depth is bounded");
  require(++nodes <= kMaxNodes, "the number of values and keys is bounded");
  require(node.kind != Node::Kind::map || node.children.size() % 2 == 0, "a key has its value");
  for (const Node& child : node.children) require_bounds(child, depth + 1, nodes);
}

}  // namespace

SLUICE_FUZZ_TARGET(config) {
  const std::string_view text = text_of(data, size);
  Report report("fuzz");
  std::size_t nodes = 0;
  if (const auto tree = parse_document(text, report)) require_bounds(*tree, 1, nodes);

  const Loaded loaded = load_text(text, "fuzz", environment);
  const auto lines = line_sizes(text);
  for (const Problem& problem : loaded.problems) {
    require_message(problem.text(), 4000);
    require_place(problem, lines);
  }
  require(loaded.problems.size() <= kMostProblems + 1, "the list of problems is bounded");
  const bool has_errors = std::ranges::any_of(
      loaded.problems, [](const Problem& p) { return p.severity == Severity::error; });
  require(loaded.config.has_value() != has_errors, "taken whole, or not at all");
  if (!loaded.config) return 0;

  to_json(*loaded.config);
  const Loaded again = load_text(to_yaml(*loaded.config), "again", {});
  require(again.config == loaded.config, "what is written is read back");
  require(diff(*loaded.config, *again.config).empty(), "what is equal has no difference");
  return 0;
}

}  // namespace sluice::fuzz::config_target
