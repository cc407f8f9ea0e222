// What the process itself uses, as /proc tells it: the figures that every Prometheus client exports
// under process_*. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::metrics {

struct ProcessFigures {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // Unix time
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  // the soft limit
};

// Empty where /proc is not mounted, or when there is no file descriptor left to read it with.
std::optional<ProcessFigures> read_process();

// The fields we need of /proc/PID/stat, in the kernel's units; see proc(5).
struct ProcessStat {
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
  friend bool operator==(const ProcessStat&, const ProcessStat&) = default;
};

// Empty if the text is not that of a stat file. The program's name in it may hold anything.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// The time of boot, in Unix seconds, out of /proc/stat.
std::optional<std::uint64_t> parse_boot_time(std::string_view text);

}  // namespace sluice::metrics
