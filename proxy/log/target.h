// Where lines end up: a spdlog sink over one file descriptor of our own. Private to proxy/log.
//
// spdlog's file sink opens through stdio: without close-on-exec, with the mode of the umask, and
// its writes wait for as long as a pipe is full. This one gathers lines, writes them at flush() or
// when there are kBatchBytes, and sleeps only in a function that its owner gives it.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/net/fd.h"

namespace sluice::log {

// Opens "stderr", "stdout" or a file's path: appending, 0640 before the umask, close-on-exec. The
// standard streams are duplicated, so that nobody else's close() can hand their number to a
// client's socket; one that is closed already gives an empty Fd, which refuses every line. Throws
// std::runtime_error with words for the operator if a file cannot be opened.
net::Fd open_target(const std::string& target);

// Used by one thread.
class Target final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  static constexpr std::size_t kBatchBytes = 64 * 1024;

  // Sleeps until `fd` may have room, and says true, or says false: give up.
  using WaitForRoom = std::function<bool(int fd)>;

  Target(net::Fd fd, WaitForRoom wait_for_room);

  // Lines that were given to the target and not written whole, since the last call. Each time there
  // are some, log() or flush() has thrown a spdlog::spdlog_ex.
  std::uint64_t take_refused() { return std::exchange(refused_, 0); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  int write_out(std::string_view bytes);
  int write_some(std::string_view& bytes);
  std::string_view next_chunk(std::string_view bytes) const;

  const net::Fd fd_;
  const WaitForRoom wait_for_room_;
  const bool is_file_;  // never makes us wait
  bool torn_ = false;   // the target ends in the middle of a line
  std::string held_;
  std::uint64_t refused_ = 0;
};

}  // namespace sluice::log
