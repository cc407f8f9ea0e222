#include "proxy/log/line_text.h"

#include <fmt/format.h>

#include "config/utf8.h"
#include "proxy/log/format.h"

namespace sluice::log {

namespace {

using config::LogFormat;

constexpr std::string_view kJsonEnd = "}";
constexpr std::string_view kJsonCutEnd = R"(,"cut":true})";
constexpr std::string_view kTextCutEnd = " cut=true";
// What end() may still add is set aside, whichever end it is.
constexpr std::size_t kRoomForFields = LineText::kLineBytes - kJsonCutEnd.size();

}  // namespace

void LineText::begin(LogFormat format, std::int64_t unix_ms, config::LogLevel level,
                     std::string_view message) {
  format_ = format;
  cut_ = false;
  text_.clear();
  if (format == LogFormat::json) {
    begin_json(unix_ms, level, shortened(message));
  } else {
    begin_text(unix_ms, level, shortened(message));
  }
}

void LineText::begin_json(std::int64_t unix_ms, config::LogLevel level, std::string_view message) {
  text_ += R"({"time":")";
  clock_.append(text_, unix_ms);
  text_ += R"(","level":")";
  text_ += word(level);
  text_ += R"(","msg":)";
  append_json_string(text_, message);
}

void LineText::begin_text(std::int64_t unix_ms, config::LogLevel level, std::string_view message) {
  clock_.append(text_, unix_ms);
  text_ += ' ';
  text_ += word(level);
  text_ += ' ';
  append_text_message(text_, message);
}

void LineText::add(std::string_view key, std::string_view value) {
  add_field(key, [&] { append_value(shortened(value)); });
}

void LineText::add_unsigned(std::string_view key, std::uint64_t value) {
  add_field(key, [&] {
    const fmt::format_int text(value);
    text_.append(text.data(), text.size());
  });
}

void LineText::add_signed(std::string_view key, std::int64_t value) {
  add_field(key, [&] {
    const fmt::format_int text(value);
    text_.append(text.data(), text.size());
  });
}

void LineText::add_bool(std::string_view key, bool value) {
  add_field(key, [&] { text_ += value ? "true" : "false"; });
}

void LineText::add_ms(std::string_view key, std::uint64_t us) {
  add_field(key, [&] { append_milliseconds(text_, us); });
}

std::string_view LineText::end() {
  if (format_ == LogFormat::json) {
    text_ += cut_ ? kJsonCutEnd : kJsonEnd;
  } else if (cut_) {
    text_ += kTextCutEnd;
  }
  return text_;
}

template <class Append>
void LineText::add_field(std::string_view key, Append append) {
  const std::size_t before = text_.size();
  text_ += format_ == LogFormat::json ? ',' : ' ';
  append_value(shortened(key));
  text_ += format_ == LogFormat::json ? ':' : '=';
  append();
  if (text_.size() <= kRoomForFields) return;
  text_.resize(before);
  cut_ = true;
}

std::string_view LineText::shortened(std::string_view value) {
  const std::string_view kept = config::cut_utf8(value, kValueBytes);
  cut_ = cut_ || kept.size() < value.size();
  return kept;
}

void LineText::append_value(std::string_view value) {
  if (format_ == LogFormat::json) {
    append_json_string(text_, value);
  } else {
    append_text_value(text_, value);
  }
}

}  // namespace sluice::log
