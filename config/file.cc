#include "config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "config/units.h"

namespace sluice::config {
namespace {

std::string cannot_read(int error) {
  return "cannot be read: " + std::generic_category().message(error);
}

std::string too_large(std::size_t max) {
  return "larger than " + text(Bytes{max});
}

// Closes what it opened; standard input stays open.
class Source {
 public:
  Source() : owned_(false), fd_(STDIN_FILENO) {}
  Source(const std::string& path, int flags)
      : owned_(true), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | flags)) {}
  ~Source() {
    if (owned_ && fd_ >= 0) ::close(fd_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  int fd() const { return fd_; }

 private:
  bool owned_;
  int fd_;
};

// Empty if what `fd` refers to can be read and is not too large by its own word.
std::string why_unreadable(int fd, std::size_t max) {
  struct stat status{};
  if (fd < 0 || fstat(fd, &status) != 0) return cannot_read(errno);
  if (S_ISDIR(status.st_mode)) return "is a directory, not a file";
  if (S_ISBLK(status.st_mode)) return "is a block device, not a file";
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > max)
    return too_large(max);
  return {};
}

std::string octal(mode_t mode) {
  std::string digits = "0000";
  for (std::size_t i = digits.size(); i > 0; mode >>= 3) {
    digits[--i] = static_cast<char>('0' + (mode & 7));
  }
  return digits;
}

// Empty if what `fd` refers to is a file of ours that nobody else may read.
std::string why_not_private(int fd, std::size_t max) {
  if (fd < 0 && errno == ELOOP) return "is a symbolic link; name the file itself";
  struct stat status{};
  if (fd < 0 || fstat(fd, &status) != 0) return cannot_read(errno);
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  if (status.st_uid != geteuid()) {
    return "is owned by user " + std::to_string(status.st_uid) + ", but must be owned by user " +
           std::to_string(geteuid()) + ", as whom this process runs";
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return "is open to others than its owner (mode " + octal(status.st_mode & 07777) +
           "); run chmod 600 on it";
  }
  return why_unreadable(fd, max);
}

bool holds_nul(const std::string& path, std::string& why) {
  if (path.find('\0') == std::string::npos) return false;
  why = "cannot be read: its name holds a NUL byte";
  return true;
}

std::optional<std::string> read_to_end(int fd, std::size_t max, std::string& why) {
  std::string text;
  for (;;) {
    const std::size_t filled = text.size();
    const std::size_t room = std::min<std::size_t>(max + 1 - filled, 64u << 10);
    text.resize(filled + room);
    const ssize_t count = ::read(fd, text.data() + filled, room);
    const int error = errno;
    text.resize(filled + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count == 0) return text;
    if (count < 0 && error != EINTR) {
      why = cannot_read(error);
      return std::nullopt;
    }
    if (text.size() > max) {
      why = too_large(max);
      return std::nullopt;
    }
  }
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::size_t max, std::string& why) {
  if (holds_nul(path, why)) return std::nullopt;
  const Source source = path == "-" ? Source() : Source(path, 0);
  why = why_unreadable(source.fd(), max);
  if (!why.empty()) return std::nullopt;
  return read_to_end(source.fd(), max, why);
}

std::optional<std::string> read_private_file(const std::string& path, std::size_t max,
                                             std::string& why) {
  if (holds_nul(path, why)) return std::nullopt;
  const Source source(path, O_NOFOLLOW | O_NONBLOCK);
  why = why_not_private(source.fd(), max);
  if (!why.empty()) return std::nullopt;
  return read_to_end(source.fd(), max, why);
}

}  // namespace sluice::config
