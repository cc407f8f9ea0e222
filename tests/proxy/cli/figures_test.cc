#include "proxy/cli/figures.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(Figures, ADurationShowsItsLargestUnitAndTheOneBelow) {
  struct Row {
    std::uint64_t ms;
    const char* text;
  };
  for (const Row& row :
       {Row{0, "0ms"}, Row{999, "999ms"}, Row{1'000, "1s"}, Row{59'999, "59s"}, Row{60'000, "1m"},
        Row{200'000, "3m20s"}, Row{3'600'000, "1h"}, Row{3'605'000, "1h"}, Row{7'500'000, "2h5m"},
        Row{86'400'000, "1d"}, Row{356'400'000, "4d3h"}}) {
    EXPECT_EQ(duration_text(row.ms), row.text);
  }
}

TEST(Figures, ASizeHasABinaryUnitAndADecimalBelowTen) {
  struct Row {
    std::uint64_t bytes;
    const char* text;
  };
  for (const Row& row :
       {Row{0, "0 B"}, Row{1'023, "1023 B"}, Row{1'024, "1.0 KiB"}, Row{1'536, "1.5 KiB"},
        Row{10'239, "10 KiB"}, Row{12u << 20, "12 MiB"}, Row{(1u << 20) - 1, "1.0 MiB"},
        Row{5'368'709'120, "5.0 GiB"}, Row{UINT64_MAX, "16 EiB"}}) {
    EXPECT_EQ(size_text(row.bytes), row.text);
  }
}

}  // namespace
}  // namespace sluice::cli
