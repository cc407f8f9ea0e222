#include "proxy/cli/figures.h"

#include <array>
#include <cstdio>

namespace sluice::cli {

std::string duration_text(std::uint64_t ms) {
  struct Unit {
    std::uint64_t ms;
    const char* name;
  };
  static constexpr std::array kUnits{Unit{86'400'000, "d"}, Unit{3'600'000, "h"}, Unit{60'000, "m"},
                                     Unit{1'000, "s"}};
  if (ms < 1'000) return std::to_string(ms) + "ms";
  std::string text;
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = ms / unit.ms;
    const bool is_second = !text.empty();
    if (count > 0) text += std::to_string(count) + unit.name;
    if (is_second) break;
    ms %= unit.ms;
  }
  return text;
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // From 1023.5 on the text would be "1024".
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  // What would be rounded to "10.0" is shown as "10".
  std::snprintf(text.data(), text.size(), value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text.data();
}

}  // namespace sluice::cli
