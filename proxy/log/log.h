// The log: one event, one line, whatever bytes a name holds; and never a wait on the data path.
//
// A Log is made once by the server. It owns the spdlog logger and one writing thread. Every thread
// that logs has a Channel: a bounded ring of bytes with one writer and one reader, no lock, and no
// system call for lines below `warn`. When the ring is full (a stalled pipe, a flood) the line is
// dropped and counted, and once lines get through again, one of them says how many were lost.
//
//   channel.line(LogLevel::info, "session").add("service", name).add("bytes_up", n);
//
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"session","service":"pg","bytes_up":12}
//   2026-01-02T03:04:05.678Z info session service=pg bytes_up=12
//
// There are no colours, on a terminal or off it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"

namespace sluice::log {

class Line;
struct Feed;

class Channel {
 public:
  ~Channel();  // what it holds is still written
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Would a line of this level be written? To be asked before values are worked out.
  bool enabled(config::LogLevel level) const;
  // Begins a line; it is handed over when the Line goes out of scope. One at a time a channel. A
  // channel may outlive the Log; its lines then go nowhere.
  Line line(config::LogLevel level, std::string_view message);

 private:
  friend class Log;
  explicit Channel(std::shared_ptr<Feed> feed);
  std::shared_ptr<Feed> feed_;
};

// Writes key=value pairs of one line in the format of the log, into a buffer that is reused.
// Control characters, quotes and bytes that are no valid UTF-8 are escaped (JSON: \uHHHH and
// U+FFFD; text: \xNN inside quotes). A message, key or value is cut at 1 KiB, and fields that would
// make the line longer than 16 KiB are left out; such a line ends with cut=true and is valid in its
// format all the same.
class Line {
 public:
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line();
  Line& add(std::string_view key, std::string_view value);
  Line& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  Line& add(std::string_view key, std::uint64_t value);
  Line& add(std::string_view key, std::int64_t value);
  Line& add(std::string_view key, std::uint32_t value) { return add(key, std::uint64_t{value}); }
  Line& add(std::string_view key, int value) { return add(key, std::int64_t{value}); }
  Line& add(std::string_view key, bool value);
  // Microseconds in, milliseconds with three decimals out.
  Line& add_ms(std::string_view key, std::uint64_t us);

 private:
  friend class Channel;
  Line(Feed& feed, config::LogLevel level, bool enabled, std::string_view message);
  Feed& feed_;
  const config::LogLevel level_;
  const bool enabled_;
};

class Log {
 public:
  // Opens the target; throws std::runtime_error with a message for the operator if a file cannot be
  // opened. Lines are written within 100 ms, and at once from `warn` up; lines of different
  // channels are not put in order of time.
  explicit Log(const config::Log& config);
  // Writes what the channels hold, waiting at most one second for a stalled target.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // A channel for the calling code's thread. Any thread may ask; one thread then uses it.
  std::unique_ptr<Channel> open_channel();

  // A reload: new level and format for lines begun from now on, and the target opened anew (so a
  // rotated file is let go, within 100 ms). On failure everything stays and the error is returned;
  // else "".
  std::string reopen(const config::Log& config);

  std::uint64_t dropped() const;  // lines that found no room in their channel, since the start
  std::uint64_t failed() const;   // lines that the target refused: a full disk, a closed pipe

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::log
