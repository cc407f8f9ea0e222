// Columns of text for people: a line of titles, then the rows, aligned and two spaces apart.
//
// Short and plain on purpose: no lines, no colour, so that it reads the same on a terminal, in a
// ticket and through grep. A value; one thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sluice::cli {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Adds a row. Cells are made printable; an empty one is shown as "-".
  // Requires: as many cells as there are columns.
  void add(const std::vector<std::string>& cells);

  // Each line ends in a newline and carries no trailing blanks.
  friend std::ostream& operator<<(std::ostream& out, const Table& table);

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sluice::cli
