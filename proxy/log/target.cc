#include "proxy/log/target.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/common.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <system_error>

namespace sluice::log {

namespace {

bool is_regular_file(int fd) {
  struct stat about{};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

net::Fd open_target(const std::string& target) {
  if (target == "stderr") return net::Fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  if (target == "stdout") return net::Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  // Non-blocking for the sake of a FIFO that nobody reads: opening it fails instead of waiting.
  net::Fd fd(::open(target.c_str(),
                    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
  if (fd) return fd;
  throw std::runtime_error("log.target: cannot open " + target + ": " +
                           std::generic_category().message(errno));
}

Target::Target(net::Fd fd, WaitForRoom wait_for_room)
    : fd_(std::move(fd)),
      wait_for_room_(std::move(wait_for_room)),
      is_file_(is_regular_file(fd_.get())) {}

void Target::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  held_.append(line.data(), line.size());
  if (held_.size() >= kBatchBytes) flush_();
}

void Target::flush_() {
  if (held_.empty()) return;
  const int error = write_out(held_);
  held_.clear();
  if (error != 0) spdlog::throw_spdlog_ex("log: write", error);
}

// Answers 0 or an errno; what could not be written is counted.
int Target::write_out(std::string_view bytes) {
  if (torn_) {
    std::string_view newline = "\n";
    if (const int error = write_some(newline); error != 0) {
      refused_ += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      return error;
    }
    torn_ = false;
  }
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const int error = write_some(rest);
    if (error == 0) continue;
    const std::size_t written = bytes.size() - rest.size();
    torn_ = written > 0 && bytes[written - 1] != '\n';
    refused_ += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    return error;
  }
  return 0;
}

// One write(), which takes off `bytes` what it wrote. Answers 0 or an errno.
int Target::write_some(std::string_view& bytes) {
  if (!fd_) return EBADF;
  if (!is_file_ && !wait_for_room_(fd_.get())) return ETIMEDOUT;
  const std::string_view chunk = next_chunk(bytes);
  const ssize_t written = ::write(fd_.get(), chunk.data(), chunk.size());
  if (written >= 0) {
    bytes.remove_prefix(static_cast<std::size_t>(written));
    return 0;
  }
  return errno == EINTR || errno == EAGAIN ? 0 : errno;
}

// A pipe that is said to be writable takes PIPE_BUF bytes without waiting and in one piece, though
// other processes write to it too; so a chunk ends with a line if it can.
std::string_view Target::next_chunk(std::string_view bytes) const {
  if (is_file_ || bytes.size() <= PIPE_BUF) return bytes;
  const std::size_t last_newline = bytes.rfind('\n', PIPE_BUF - 1);
  return bytes.substr(0, last_newline == std::string_view::npos ? PIPE_BUF : last_newline + 1);
}

}  // namespace sluice::log
