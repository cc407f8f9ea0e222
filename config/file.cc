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
  explicit Source(const std::string& path)
      : owned_(path != "-"),
        fd_(owned_ ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO) {}
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

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::size_t max, std::string& why) {
  if (path.find('\0') != std::string::npos) {
    why = "cannot be read: its name holds a NUL byte";
    return std::nullopt;
  }
  const Source source(path);
  why = why_unreadable(source.fd(), max);
  if (!why.empty()) return std::nullopt;

  std::string text;
  for (;;) {
    const std::size_t filled = text.size();
    const std::size_t room = std::min<std::size_t>(max + 1 - filled, 64u << 10);
    text.resize(filled + room);
    const ssize_t count = ::read(source.fd(), text.data() + filled, room);
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

}  // namespace sluice::config
