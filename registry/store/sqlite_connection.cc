#include "registry/store/sqlite_connection.h"

#include <system_error>

namespace sluice::registry::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 500;
constexpr int kLongestText = 2 << 20;  // a damaged length must not make SQLite ask for a gigabyte

std::string words(sqlite3* handle, int code) {
  const int system_error = sqlite3_system_errno(handle);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "disk is full";
    case SQLITE_BUSY:
      return "it is in use by another process";
    case SQLITE_NOMEM:
      return "out of memory";
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error != 0) return std::generic_category().message(system_error);
      return sqlite3_errstr(code);
    default:
      return sqlite3_errmsg(handle);
  }
}

// Called after each commit to a log of so many pages. Takes the place of automatic checkpoints.
int note_log(void* log_pages, sqlite3* /*handle*/, const char* /*name*/, int pages) {
  *static_cast<int*>(log_pages) = pages;
  return SQLITE_OK;
}

}  // namespace

bool Error::is_damage() const {
  switch (code_) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:  // a length that no row of ours has
    case SQLITE_ERROR:   // no such table, or no such format
    case SQLITE_SCHEMA:
    case SQLITE_READONLY:  // "written by a newer SQLite", says the header
      return true;
    default:
      return false;
  }
}

Connection::Connection(const std::string& path, const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  handle_.reset(handle);  // there is one even if it failed
  if (code != SQLITE_OK) throw error(code);

  if (sqlite3_db_readonly(get(), "main") != 0) throw Error(SQLITE_PERM, "it may not be written");
  sqlite3_busy_timeout(get(), kBusyTimeoutMs);
  sqlite3_limit(get(), SQLITE_LIMIT_LENGTH, kLongestText);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_hook(get(), note_log, log_pages_.get());
  // Exclusive before the first access: then there is no shared memory file, either.
  run("PRAGMA locking_mode = EXCLUSIVE");
  run("PRAGMA cell_size_check = ON");
  run("PRAGMA temp_store = MEMORY");
  run("PRAGMA secure_delete = ON");  // what was erased cannot come back out of a damaged file
}

Connection::~Connection() = default;

Error Connection::error(int code) const {
  return {code & 0xff, words(get(), code)};
}

void Connection::run(const char* sql) const {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw error(code);
}

std::int64_t Connection::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

std::string Connection::text(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.bytes(0)) : std::string();
}

void Connection::owns_log() const {
  sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void Connection::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) throw error(code);
  *log_pages_ = 0;
}

void Connection::roll_back() const {
  // If it fails, the transaction was over already, or the next one says what is wrong.
  sqlite3_exec(get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::has_moved() const {
  int moved = 0;
  sqlite3_file_control(get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Statement::Statement(const Connection& connection, const char* sql) : connection_(connection) {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v3(connection.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw connection.error(code);
}

void Statement::bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of nothing.
  sqlite3_bind_blob64(handle_.get(), index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
}

void Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), index, number);
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  const Error error = connection_.error(code);  // before the reset, which takes the words away
  reset();
  throw Error(error);
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

}  // namespace sluice::registry::sqlite
