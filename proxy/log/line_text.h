// The text of one line, put together piece by piece in a buffer that is used again for the next.
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"session","service":"pg","bytes_up":12}
//   2026-01-02T03:04:05.678Z info session service=pg bytes_up=12
//
// A message, key or value longer than kValueBytes is cut there, between two characters; a field
// that would make the line longer than kLineBytes is left out whole, so that JSON stays JSON. A
// line that lost something ends with cut=true. One thread; the caller says what time it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "proxy/log/format.h"

namespace sluice::log {

class LineText {
 public:
  static constexpr std::size_t kValueBytes = 1024;
  static constexpr std::size_t kLineBytes = 16 * 1024;

  // Begins a line; what was in the buffer is gone.
  void begin(config::LogFormat format, std::int64_t unix_ms, config::LogLevel level,
             std::string_view message);
  void add(std::string_view key, std::string_view value);
  void add_unsigned(std::string_view key, std::uint64_t value);
  void add_signed(std::string_view key, std::int64_t value);
  void add_bool(std::string_view key, bool value);
  void add_ms(std::string_view key, std::uint64_t us);

  // The whole line without a newline; valid until the next begin().
  std::string_view end();

 private:
  template <class Append>
  void add_field(std::string_view key, Append append_value);
  std::string_view shortened(std::string_view value);
  void append_value(std::string_view value);
  void begin_json(std::int64_t unix_ms, config::LogLevel level, std::string_view message);
  void begin_text(std::int64_t unix_ms, config::LogLevel level, std::string_view message);

  config::LogFormat format_ = config::LogFormat::json;
  bool cut_ = false;
  std::string text_;
  Clockface clock_;
};

}  // namespace sluice::log
