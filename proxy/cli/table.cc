#include "proxy/cli/table.h"

#include <algorithm>
#include <cassert>
#include <ostream>
#include <string_view>

#include "config/printable.h"

namespace sluice::cli {
namespace {

// Columns that a text takes: one a character, UTF-8's continuation bytes not counted.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

}  // namespace

void Table::add(const std::vector<std::string>& cells) {
  assert(cells.size() == columns_.size());
  std::vector<std::string>& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.push_back(cell.empty() ? "-" : config::one_line(cell));
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns_.size(); ++i) {
    titles.push_back(table.columns_[i].title);
    std::size_t widest = width(titles.back());
    for (const auto& row : table.rows_) widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
  }

  const auto print = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string blanks(widths[i] - width(cells[i]), ' ');
      if (i > 0) line += "  ";
      const bool to_the_right = table.columns_[i].align == Table::Align::right;
      line += to_the_right ? blanks + cells[i] : cells[i] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  print(titles);
  std::ranges::for_each(table.rows_, print);
  return out;
}

}  // namespace sluice::cli
