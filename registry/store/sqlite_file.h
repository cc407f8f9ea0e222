// The place of a SqliteStore's file: its name in a directory, who may read it, and how whole files
// take each other's place there. Knows nothing of what is inside.
//
// Names beside `sluice.db`:
//   sluice.db-wal          SQLite's log. Belongs to the file: what stands in it has been promised.
//   sluice.db.new          being made; left by a process that was killed then, and of no worth.
//   sluice.db.repaired     made whole from a damaged file, and about to take its place.
//   sluice.db.damaged-N    what it took the place of, with its log in sluice.db.damaged-N-wal.
//
// A process that is killed between any two steps leaves names from which the next one goes on.
#pragma once

#include <functional>
#include <string>
#include <utility>

namespace sluice::registry::sqlite {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

class File {
 public:
  // Is given the path of an empty file, fills it and closes it.
  using Fill = std::function<void(const std::string& path)>;

  // `path` as the operator wrote it. Throws StoreError if its directory is missing.
  explicit File(std::string path);

  const std::string& shown() const { return shown_; }  // for messages
  const std::string& path() const { return path_; }    // absolute, without symbolic links
  std::string log() const { return path_ + "-wal"; }
  bool exists() const;
  // Why a file that does not exist could not be made, for the operator; "": it could.
  std::string why_it_cannot_be_made() const;

  // Throws StoreError unless this is a regular file of ours that nobody else may write, and not an
  // empty one. "Ours": of the user that this process runs as.
  void check() const;
  // Throws StoreError if a log stands there without its file.
  void check_absent() const;

  // Makes the file, whole or not at all. Throws what `fill` throws, and StoreError, also if the
  // file exists by now.
  void create(const Fill& fill) const;
  // Likewise, and the file that is there is moved aside, untouched. Returns the name it has then,
  // as the operator would write it.
  std::string replace(const Fill& fill) const;
  // Completes a replace() that was interrupted; returns as it does, and "" if there was none.
  std::string complete_replacement() const;

 private:
  Descriptor lock_directory() const;
  void sync(const Descriptor& directory) const;
  void make(const std::string& name, const Fill& fill, const Descriptor& directory) const;
  void make_empty(const std::string& name) const;
  void move(const std::string& from, const std::string& to) const;
  std::string exchange(const Descriptor& directory) const;
  void check_owner(const std::string& path, const std::string& name) const;
  [[noreturn]] void fail(
      const std::string& what) const;  // StoreError: path, "cannot be used:", what

  std::string shown_;
  std::string directory_;
  std::string path_;
};

}  // namespace sluice::registry::sqlite
