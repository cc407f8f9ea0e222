#include "tests/registry/store/faulty_disk.h"

#include <cstddef>

namespace sluice::test {
namespace {

// SQLite gives this memory, and behind it the usual file system's file.
struct File {
  sqlite3_file base;
  FaultyDisk* disk;
};

constexpr int kFileSize = (sizeof(File) + 15) / 16 * 16;

FaultyDisk& disk_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->disk;
}

sqlite3_file* inner(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kFileSize);
}

int read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  const int fault = disk_of(file).on_read();
  return fault != SQLITE_OK ? fault : inner(file)->pMethods->xRead(inner(file), data, size, at);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const int fault = disk_of(file).on_write();
  return fault != SQLITE_OK ? fault : inner(file)->pMethods->xWrite(inner(file), data, size, at);
}

int sync(sqlite3_file* file, int flags) {
  const int fault = disk_of(file).on_sync();
  return fault != SQLITE_OK ? fault : inner(file)->pMethods->xSync(inner(file), flags);
}

// The rest is passed on.
template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
  return (inner(file)->pMethods->*Method)(inner(file), arguments...);
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 1,  // enough for a log that only one connection uses
    .xClose = pass<&sqlite3_io_methods::xClose>,
    .xRead = read,
    .xWrite = write,
    .xTruncate = pass<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    .xSync = sync,
    .xFileSize = pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = pass<&sqlite3_io_methods::xLock, int>,
    .xUnlock = pass<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = pass<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* usual() {
  return sqlite3_vfs_find(nullptr);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  reinterpret_cast<File*>(file)->disk = static_cast<FaultyDisk*>(vfs->pAppData);
  file->pMethods = nullptr;
  const int code = usual()->xOpen(usual(), name, inner(file), flags, flags_out);
  if (code == SQLITE_OK) file->pMethods = &kMethods;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  vfs_ = *usual();
  vfs_.szOsFile += kFileSize;
  vfs_.zName = kName;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  // The others take the usual one's data.
  vfs_.xDelete = [](sqlite3_vfs*, const char* name, int sync_directory) {
    return usual()->xDelete(usual(), name, sync_directory);
  };
  vfs_.xAccess = [](sqlite3_vfs*, const char* name, int flags, int* result) {
    return usual()->xAccess(usual(), name, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* result) {
    return usual()->xFullPathname(usual(), name, size, result);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
}

void FaultyDisk::fail_once_after(int operations, int code) {
  once_code_ = code;
  until_fault_ = operations + 1;
}

void FaultyDisk::heal() {
  write_code_ = sync_code_ = read_code_ = SQLITE_OK;
  until_fault_ = std::numeric_limits<int>::max();
}

}  // namespace sluice::test
