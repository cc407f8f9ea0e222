// Figures as people read them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::cli {

// "850ms", "12s", "3m20s", "2h5m", "4d3h": the largest unit and the one below it.
std::string duration_text(std::uint64_t ms);

// "0 B", "1023 B", "1.5 KiB", "12 MiB": binary units, a decimal below 10.
std::string size_text(std::uint64_t bytes);

}  // namespace sluice::cli
