#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "config/printable.h"

namespace sluice::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the largest, as text() tries them.
constexpr std::array<Unit, 4> kTimes = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes = {
    {{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}}};

const Unit* find(const std::array<Unit, 4>& units, std::string_view name) {
  const auto* found = std::ranges::find(units, name, &Unit::name);
  return found == units.end() ? nullptr : found;
}

std::string write(std::uint64_t amount, const std::array<Unit, 4>& units) {
  const auto* unit =
      std::ranges::find_if(units, [&](const Unit& u) { return amount % u.factor == 0; });
  return std::to_string(amount / unit->factor) + std::string(unit->name);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  const auto* const end = std::ranges::find_if_not(text, is_digit);
  const auto length = static_cast<std::size_t>(end - text.begin());
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

// Requires: digits only. Nothing if it does not fit.
std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || result.ec != std::errc()) return std::nullopt;
  return value;
}

bool has_leading_zero(std::string_view digits) {
  return digits.size() > 1 && digits[0] == '0';
}

struct Decimal {
  std::string_view whole, fraction, rest;
};

std::optional<Decimal> split_decimal(std::string_view text) {
  Decimal decimal;
  decimal.whole = take_digits(text);
  if (decimal.whole.empty() || has_leading_zero(decimal.whole)) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimal.fraction = take_digits(text);
    if (decimal.fraction.empty()) return std::nullopt;
  }
  decimal.rest = text;
  return decimal;
}

// How many milliseconds the digits after the point are worth; nothing if that is no whole number.
std::optional<std::uint64_t> fraction_of(std::string_view digits, std::uint64_t unit) {
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  if (digits.empty()) return 0;
  // A unit has at most seven factors of two, so what is whole needs at most seven digits.
  if (digits.size() > 7) return std::nullopt;
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
  const std::uint64_t worth = *number(digits) * unit;
  if (worth % scale != 0) return std::nullopt;
  return worth / scale;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text, std::string& why) {
  if (text == "0") return Duration(0);
  if (text.starts_with('-')) {
    why = in_quotes(text) + " is negative";
    return std::nullopt;
  }
  const auto decimal = split_decimal(text);
  if (!decimal) {
    why = in_quotes(text) + " is not a duration such as 500ms, 30s, 10m or 1h";
    return std::nullopt;
  }
  if (decimal->rest.empty()) {
    why = in_quotes(text) + " has no unit; write ms, s, m or h after the number";
    return std::nullopt;
  }
  const Unit* const unit = find(kTimes, decimal->rest);
  if (unit == nullptr) {
    why = in_quotes(text) + " has the unknown unit " + in_quotes(decimal->rest) + "; ms, s, m or h";
    return std::nullopt;
  }
  const auto fraction = fraction_of(decimal->fraction, unit->factor);
  if (!fraction) {
    why = in_quotes(text) + " is not a whole number of milliseconds";
    return std::nullopt;
  }
  const auto whole = number(decimal->whole);
  const auto longest = static_cast<std::uint64_t>(kLongestDuration.count());
  if (!whole || *whole > longest / unit->factor || *whole * unit->factor + *fraction > longest) {
    why = in_quotes(text) + " is above ten years (" + sluice::config::text(kLongestDuration) + ")";
    return std::nullopt;
  }
  return Duration(*whole * unit->factor + *fraction);
}

std::optional<Bytes> parse_bytes(std::string_view text, std::string& why) {
  std::string_view rest = text;
  const std::string_view digits = take_digits(rest);
  if (digits.empty() || has_leading_zero(digits) || rest.starts_with('.')) {
    why = in_quotes(text) + " is not a size such as 4096, 64KiB, 1MiB or 2GiB";
    return std::nullopt;
  }
  const Unit* const unit = rest.empty() ? &kSizes.back() : find(kSizes, rest);
  if (unit == nullptr) {
    why = in_quotes(text) + " has the unknown unit " + in_quotes(rest) + "; B, KiB, MiB or GiB";
    return std::nullopt;
  }
  const auto amount = number(digits);
  if (!amount || *amount > kLargestSize / unit->factor) {
    why = in_quotes(text) + " is above 1024GiB";
    return std::nullopt;
  }
  return Bytes{*amount * unit->factor};
}

std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t max,
                                         std::string& why) {
  std::string_view rest = text;
  const std::string_view digits = take_digits(rest);
  if (digits.empty() || !rest.empty() || has_leading_zero(digits)) {
    std::string_view unsigned_part = text;
    const bool negative = text.starts_with('-');
    if (negative) unsigned_part.remove_prefix(1);
    take_digits(unsigned_part);
    why = negative && text.size() > 1 && unsigned_part.empty()
              ? in_quotes(text) + " is negative"
              : in_quotes(text) + " is not a whole decimal number";
    return std::nullopt;
  }
  const auto value = number(digits);
  if (!value || *value > max) {
    why = in_quotes(text) + " is above " + std::to_string(max);
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_decimal(std::string_view text, std::string& why) {
  const bool negative = text.starts_with('-');
  const auto decimal = split_decimal(text.substr(negative ? 1 : 0));
  double value = 0;
  if (decimal && decimal->rest.empty()) {
    const auto result =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (result.ec == std::errc()) return value;
  }
  why = in_quotes(text) + " is not a decimal number such as 0.5";
  return std::nullopt;
}

std::optional<StatusRange> parse_status(std::string_view text, std::string& why) {
  std::string_view rest = text;
  const auto from = number(take_digits(rest));
  auto to = from;
  if (rest.starts_with('-')) {
    rest.remove_prefix(1);
    to = number(take_digits(rest));
  }
  if (!from || !to || !rest.empty()) {
    why = in_quotes(text) + " is not a status code or a range such as 200-299";
    return std::nullopt;
  }
  if (*from < 100 || *to > 599 || *from > *to) {
    why = in_quotes(text) + " is not within 100 to 599, the smaller first";
    return std::nullopt;
  }
  return StatusRange{static_cast<std::uint16_t>(*from), static_cast<std::uint16_t>(*to)};
}

std::string text(Duration duration) {
  if (duration.count() == 0) return "0s";
  return write(static_cast<std::uint64_t>(duration.count()), kTimes);
}

std::string text(Bytes bytes) {
  if (bytes.count == 0) return "0B";
  return write(bytes.count, kSizes);
}

std::string text(StatusRange range) {
  const std::string from = std::to_string(range.from);
  return range.from == range.to ? from : from + '-' + std::to_string(range.to);
}

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

std::string text(double number) {
  std::array<char, 512> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  std::string out(buffer.data(), result.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

}  // namespace sluice::config
