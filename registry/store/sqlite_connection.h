// SQLite's connection and statement as objects that close themselves, and its codes as an exception
// with the operator's words in it. What SQLite is told to be for us, it is told here.
//
// One thread at a time. A Statement must not outlive its Connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::registry::sqlite {

// what() is for the operator, and without the file's name: "disk is full".
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }  // SQLite's primary result code
  // The file's content is at fault, and not the disk, a lock or a lack of memory.
  bool is_damage() const;

 private:
  int code_;
};

class Connection {
 public:
  // Opens a file that exists. The first access to it locks it for this connection, and waits half a
  // second for another one to let go of it. Nothing in the file is executed: no trigger, no view.
  // `vfs`: SQLite's name of the file system to go through; "": the usual one. Throws Error.
  // Requires: `path` is absolute and without symbolic links.
  Connection(const std::string& path, const std::string& vfs);
  ~Connection();  // closes; moves the log into the file first, if owns_log() was called
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void run(const char* sql) const;  // throws Error; results are thrown away
  std::int64_t number(const char* sql);
  std::string text(const char* sql);

  // From now on the log is checkpointed when the connection closes. Before, a connection leaves
  // both files as they are unless it writes.
  void owns_log() const;
  int log_pages() const { return *log_pages_; }  // after the last commit
  void checkpoint();       // moves the log into the file, and cuts the log to nothing
  void roll_back() const;  // also if SQLite has done so itself
  bool has_moved() const;  // the file was removed, or another one stands at its name
  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

  Error error(int code) const;  // of the last call, in words
  sqlite3* get() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // SQLite holds a pointer to it
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(const Connection& connection, const char* sql);  // throws Error

  // Sets parameter `index`, from 1. The bytes must stay until the statement has run.
  void bind(int index, std::string_view bytes);
  void bind(int index, std::int64_t number);
  // To the next row; false: there is none, and the statement can be run again. Throws Error, and
  // can be run again then, too.
  bool step();
  void reset();

  // Of the current row, from 0; the bytes stay until the next step.
  std::string_view bytes(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace sluice::registry::sqlite
