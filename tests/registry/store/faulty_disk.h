// A file system of SQLite's that passes everything on to the usual one, and fails when told to.
//
// One at a time; it is registered under kName as long as it lives, and all stores that go through
// it must end first. Faults are set on one thread and met on another.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <limits>

namespace sluice::test {

class FaultyDisk {
 public:
  static constexpr const char* kName = "faulty";

  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // From now on every write (or sync, or read) is answered with this code of SQLite's.
  void fail_writes(int code) { write_code_ = code; }
  void fail_syncs(int code) { sync_code_ = code; }
  void fail_reads(int code) { read_code_ = code; }
  // So many writes and syncs go well, one fails with the code, and all after it go well.
  void fail_once_after(int operations, int code);
  void heal();

  // What SQLite's methods ask. If it is a fault, errno says so, too.
  int on_write() { return answer(write_code_ != SQLITE_OK ? write_code_.load() : on_operation()); }
  int on_sync() { return answer(sync_code_ != SQLITE_OK ? sync_code_.load() : on_operation()); }
  int on_read() const { return answer(read_code_); }

 private:
  int on_operation() { return --until_fault_ == 0 ? once_code_.load() : SQLITE_OK; }
  static int answer(int code) {
    if (code != SQLITE_OK) errno = code == SQLITE_FULL ? ENOSPC : EIO;
    return code;
  }

  std::atomic<int> write_code_ = SQLITE_OK;
  std::atomic<int> sync_code_ = SQLITE_OK;
  std::atomic<int> read_code_ = SQLITE_OK;
  std::atomic<int> once_code_ = SQLITE_OK;
  std::atomic<int> until_fault_ = std::numeric_limits<int>::max();
  sqlite3_vfs vfs_{};
};

}  // namespace sluice::test
