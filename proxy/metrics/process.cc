#include "proxy/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace sluice::metrics {

namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> count_open_fds() {
  std::error_code error;
  std::filesystem::directory_iterator fd("/proc/self/fd", error);
  std::uint64_t count = 0;
  for (; !error && fd != end(fd); fd.increment(error)) ++count;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // the one that we list them by
}

std::uint64_t max_fds() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string_view::npos) return std::nullopt;
  text.remove_prefix(after_name + 1);
  std::array<std::optional<std::uint64_t>, 25> fields;  // by the numbers of proc(5)
  for (std::size_t number = 3; number < fields.size(); ++number) {
    fields[number] = parse_number(next_word(text));
  }
  for (const std::size_t needed : {14, 15, 20, 22, 23, 24}) {
    if (!fields[needed]) return std::nullopt;
  }
  return ProcessStat{*fields[14], *fields[15], *fields[20], *fields[22], *fields[23], *fields[24]};
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) {
  constexpr std::string_view kKey = "\nbtime ";
  const std::size_t at = text.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  return parse_number(text.substr(at + kKey.size()));
}

std::optional<ProcessFigures> read_process() {
  const auto stat = parse_process_stat(read_file("/proc/self/stat"));
  const auto boot_time = parse_boot_time(read_file("/proc/stat"));
  const auto open_fds = count_open_fds();
  if (!stat || !boot_time || !open_fds) return std::nullopt;
  const auto ticks_a_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto seconds = [&](std::uint64_t ticks) {
    return static_cast<double>(ticks) / ticks_a_second;
  };
  ProcessFigures figures;
  figures.cpu_seconds = seconds(stat->user_ticks + stat->system_ticks);
  figures.start_time_seconds = static_cast<double>(*boot_time) + seconds(stat->start_ticks);
  figures.resident_bytes = stat->resident_pages * static_cast<std::uint64_t>(::getpagesize());
  figures.virtual_bytes = stat->virtual_bytes;
  figures.threads = stat->threads;
  figures.open_fds = *open_fds;
  figures.max_fds = max_fds();
  return figures;
}

}  // namespace sluice::metrics
