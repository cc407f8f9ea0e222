#include "registry/moment.h"

#include <algorithm>
#include <chrono>

namespace sluice::registry {

namespace {

void append_padded(std::string& out, unsigned number, std::size_t width) {
  const std::string digits = std::to_string(number);
  out.append(width - std::min(width, digits.size()), '0');
  out += digits;
}

}  // namespace

std::string utc(std::int64_t wall_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds{wall_ms}};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  const struct {
    unsigned number;
    std::size_t width;
    char after;
  } parts[] = {
      {static_cast<unsigned>(static_cast<int>(date.year())), 4, '-'},
      {static_cast<unsigned>(date.month()), 2, '-'},
      {static_cast<unsigned>(date.day()), 2, 'T'},
      {static_cast<unsigned>(time.hours().count()), 2, ':'},
      {static_cast<unsigned>(time.minutes().count()), 2, ':'},
      {static_cast<unsigned>(time.seconds().count()), 2, '.'},
      {static_cast<unsigned>(time.subseconds().count()), 3, 'Z'},
  };
  std::string text;
  for (const auto& part : parts) {
    append_padded(text, part.number, part.width);
    text += part.after;
  }
  return text;
}

}  // namespace sluice::registry
