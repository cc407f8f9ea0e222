#include "config/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/printable.h"

namespace sluice::config {

Place place_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
  return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
          static_cast<std::uint32_t>(offset - line_start + 1)};
}

void Report::add(Severity severity, Place place, const std::string& path, std::string message) {
  has_errors_ = has_errors_ || severity == Severity::error;
  if (is_full() || has_problem_at_or_below(path) || is_closed(path)) return;
  if (!path.empty()) paths_.insert(path);
  problems_.push_back({severity, file_, place.line, place.column, path, std::move(message)});
}

// In the set's order everything below "a.b" begins with "a.b." or "a.b[".
bool Report::has_problem_at_or_below(const std::string& path) const {
  if (path.empty()) return false;
  const auto has_prefix = [&](const std::string& prefix) {
    const auto found = paths_.lower_bound(prefix);
    return found != paths_.end() && found->starts_with(prefix);
  };
  return paths_.contains(path) || has_prefix(path + '.') || has_prefix(path + '[');
}

bool Report::is_closed(std::string_view path) const {
  while (!closed_.empty() && !path.empty()) {
    if (closed_.contains(path)) return true;
    const std::size_t last = path.find_last_of(".[");
    path = path.substr(0, last == std::string_view::npos ? 0 : last);
  }
  return false;
}

std::vector<Problem> Report::take() {
  std::vector<Problem> problems = std::exchange(problems_, {});
  const bool cut = problems.size() >= kMostProblems;
  std::ranges::stable_sort(
      problems, {}, [](const Problem& problem) { return std::tie(problem.line, problem.column); });
  if (cut) {
    const Problem& last = problems.back();
    problems.push_back(
        {Severity::error, file_, last.line, last.column, "",
         "the list ends here, after " + std::to_string(kMostProblems) + " problems"});
  }
  paths_.clear();
  closed_.clear();
  has_errors_ = false;
  return problems;
}

std::string Problem::text() const {
  std::string out = file;
  if (line != 0) out += ':' + std::to_string(line);
  if (column != 0) out += ':' + std::to_string(column);
  out += ": ";
  if (!path.empty()) out += path + ": ";
  out += severity == Severity::error ? "error: " : "warning: ";
  return one_line(out + message);
}

}  // namespace sluice::config
