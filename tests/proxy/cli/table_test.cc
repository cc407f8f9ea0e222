#include "proxy/cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sluice::cli {
namespace {

std::string rendered(const Table& table) {
  std::ostringstream out;
  out << table;
  return out.str();
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCellAndTwoSpacesApart) {
  Table table({{"NAME"}, {"COUNT", Table::Align::right}, {"STATE"}});
  table.add({"pg", "7", "up"});
  table.add({"web-frontend", "12345678", "down"});
  EXPECT_EQ(rendered(table),
            "NAME             COUNT  STATE\n"
            "pg                   7  up\n"
            "web-frontend  12345678  down\n");
}

TEST(Table, WithoutRowsTheTitlesStandAlone) {
  EXPECT_EQ(rendered(Table({{"SERVICE"}, {"UP", Table::Align::right}})), "SERVICE  UP\n");
}

TEST(Table, AnEmptyCellIsADash) {
  Table table({{"ZONE"}, {"REASON"}});
  table.add({"", ""});
  EXPECT_EQ(rendered(table), "ZONE  REASON\n-     -\n");
}

TEST(Table, AlignsByCharactersNotByBytes) {
  Table table({{"NAME"}, {"X"}});
  table.add({"zürich", "1"});
  table.add({"berlin", "2"});
  EXPECT_EQ(rendered(table), "NAME    X\nzürich  1\nberlin  2\n");
}

TEST(Table, WhatATerminalWouldObeyIsEscaped) {
  Table table({{"NAME"}, {"X"}});
  table.add({"\x1b[2J", "a\nb"});
  EXPECT_EQ(rendered(table), "NAME     X\n\\x1b[2J  a\\nb\n");
}

}  // namespace
}  // namespace sluice::cli
