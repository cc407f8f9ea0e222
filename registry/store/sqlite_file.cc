#include "registry/store/sqlite_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "registry/store/store.h"

namespace sluice::registry::sqlite {
namespace {

namespace fs = std::filesystem;

std::string last_error() {
  return std::generic_category().message(errno);
}

bool is_there(const std::string& path) {
  return fs::symlink_status(path).type() != fs::file_type::not_found;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

File::File(std::string path) : shown_(std::move(path)) {
  const fs::path parent = fs::path(shown_).parent_path();
  const std::string name = fs::path(shown_).filename().string();
  if (name.empty() || name == "." || name == "..") fail("it names no file");
  std::error_code error;
  directory_ = fs::canonical(parent.empty() ? "." : parent, error).string();
  if (error) fail("its directory cannot be reached: " + error.message());
  path_ = (fs::path(directory_) / name).string();
}

void File::fail(const std::string& what) const {
  throw StoreError(shown_ + " cannot be used: " + what);
}

std::string File::why_it_cannot_be_made() const {
  if (::faccessat(AT_FDCWD, directory_.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return "";
  return shown_ + " cannot be made, so no registration will survive a restart: " + last_error();
}

bool File::exists() const {
  return is_there(path_);
}

void File::check() const {
  check_owner(path_, "it");
  if (is_there(log())) check_owner(log(), "its log");
  if (fs::file_size(path_) == 0) {
    fail(
        "it is empty, which no file of ours ever is; restore it from a copy, or remove it to begin "
        "with an empty registry");
  }
}

void File::check_owner(const std::string& path, const std::string& name) const {
  // With O_PATH nothing is opened: closing a real descriptor of a file that SQLite has open in this
  // process would let go of SQLite's locks.
  const Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail(last_error());
  if (S_ISLNK(status.st_mode)) fail(name + " is a symbolic link; name the file itself");
  if (!S_ISREG(status.st_mode)) fail(name + " is no regular file");
  if (status.st_uid != ::geteuid()) {
    fail(name + " belongs to another user (" + std::to_string(status.st_uid) + "); chown it to " +
         std::to_string(::geteuid()));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    fail(name + " may be written by others than its owner; chmod it to 0600");
  }
}

void File::check_absent() const {
  if (!is_there(log())) return;
  fail("it is missing, but its log is there (" + shown_ +
       "-wal); put the file back, or remove the log to begin with an empty registry");
}

void File::create(const Fill& fill) const {
  const Descriptor directory = lock_directory();
  if (exists()) fail("somebody else has made it since the start; restart to read it");
  check_absent();
  make(path_, fill, directory);
}

std::string File::replace(const Fill& fill) const {
  const Descriptor directory = lock_directory();
  make(path_ + ".repaired", fill,
       directory);  // from here on it will be done, if by another process
  return exchange(directory);
}

std::string File::complete_replacement() const {
  if (!is_there(path_ + ".repaired")) return {};
  const Descriptor directory = lock_directory();
  if (!is_there(path_ + ".repaired")) return {};  // another process was faster
  check_owner(path_ + ".repaired", "its repaired form");
  return exchange(directory);
}

// Held as long as the descriptor: against another process that does the same.
Descriptor File::lock_directory() const {
  Descriptor directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::flock(directory.get(), LOCK_EX) != 0) fail(last_error());
  return directory;
}

void File::sync(const Descriptor& directory) const {
  if (::fsync(directory.get()) != 0) fail(last_error());
}

void File::make(const std::string& name, const Fill& fill, const Descriptor& directory) const {
  const std::string unfinished = path_ + ".new";
  const auto remove_unfinished = [&] {
    for (const char* suffix : {"", "-wal", "-journal"}) ::unlink((unfinished + suffix).c_str());
  };
  remove_unfinished();
  try {
    make_empty(unfinished);
    fill(unfinished);
    move(unfinished, name);
  } catch (...) {
    remove_unfinished();
    throw;
  }
  sync(directory);
}

void File::make_empty(const std::string& name) const {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  if (Descriptor(::open(name.c_str(), flags, 0600)).get() < 0) fail(last_error());
}

void File::move(const std::string& from, const std::string& to) const {
  if (::rename(from.c_str(), to.c_str()) != 0) fail(last_error());
}

// The file is moved first and its log after it, so that the log never stands beside a file that it
// is not of: SQLite would take it for the new one's.
std::string File::exchange(const Descriptor& directory) const {
  int number = 1;
  const auto aside = [&](const std::string& base) {
    return base + ".damaged-" + std::to_string(number);
  };
  while (is_there(aside(path_))) ++number;
  if (exists()) {
    move(path_, aside(path_));
  } else {
    --number;  // an interrupted exchange has moved it already, and its log belongs to it
  }
  if (is_there(log())) move(log(), aside(path_) + "-wal");
  move(path_ + ".repaired", path_);
  sync(directory);
  return aside(shown_);
}

}  // namespace sluice::registry::sqlite
