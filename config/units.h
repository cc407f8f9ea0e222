// How quantities are written: durations, sizes, numbers, ranges of status codes. Pure.
//
// A parse function answers nothing for a text that is not exactly one such quantity, and says in
// `why` what is wrong, quoting the text. Numbers are decimal only: no sign, octal, hex, exponent or
// separators. A text() writes what the parse function reads back as the same value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace sluice::config {

// So that sums and products of durations stay far from overflow.
inline constexpr Duration kLongestDuration = std::chrono::hours(24 * 3650);
inline constexpr std::uint64_t kLargestSize = 1ull << 40;  // a TiB

// "500ms", "1.5s", "10m", "1h" or "0"; whole milliseconds, at most ten years.
std::optional<Duration> parse_duration(std::string_view text, std::string& why);
// "512", "512B", "64KiB", "1MiB", "2GiB"; at most a TiB.
std::optional<Bytes> parse_bytes(std::string_view text, std::string& why);
std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t max,
                                         std::string& why);
// "2", "0.5", "-1.25".
std::optional<double> parse_decimal(std::string_view text, std::string& why);
// "200-299" or "204", within 100 to 599.
std::optional<StatusRange> parse_status(std::string_view text, std::string& why);

std::string text(Duration duration);  // in the largest unit that keeps it whole: "90s", "1h", "0s"
std::string text(Bytes bytes);        // "64KiB", "1000B"
std::string text(StatusRange range);
std::string text(std::uint64_t number);
std::string text(double number);  // shortest that reads back the same, never with an exponent

}  // namespace sluice::config
