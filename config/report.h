// The list of problems while it grows. One thread, one file.
//
// One fault is told once: a problem at a path that has one already, at itself or below, is dropped,
// so a check of a whole section stays silent about a section that could not be read. Hostile input
// gets no more than kMostProblems lines.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace sluice::config {

inline constexpr std::size_t kMostProblems = 1000;

// Where something stands in the file; both count from 1 (columns in bytes), 0: nowhere.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// Where a byte of the text stands, or its end. Requires: offset <= text.size().
Place place_at(std::string_view text, std::size_t offset);

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void add(Severity severity, Place place, const std::string& path, std::string message);
  // Below this path nothing could be read: from now on a problem there or below is dropped.
  void close(const std::string& path) { closed_.insert(path); }
  bool has_errors() const { return has_errors_; }
  bool is_full() const { return problems_.size() >= kMostProblems; }
  // Hands over the problems in the order of the file; the report is empty afterwards.
  std::vector<Problem> take();

 private:
  bool has_problem_at_or_below(const std::string& path) const;
  bool is_closed(std::string_view path) const;

  std::string file_;
  std::vector<Problem> problems_;
  std::set<std::string, std::less<>> paths_;
  std::set<std::string, std::less<>> closed_;
  bool has_errors_ = false;
};

}  // namespace sluice::config
