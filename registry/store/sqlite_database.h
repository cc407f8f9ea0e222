// A SqliteStore's file while it is in use: opened and found whole, or repaired, or made; then
// written to, many transactions at a time.
//
// One thread at a time. Holds the file's lock while it lives; the destructor moves the log into the
// file and lets go of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "registry/store/sqlite_connection.h"
#include "registry/store/sqlite_file.h"
#include "registry/store/sqlite_table.h"
#include "registry/store/store.h"

namespace sluice::registry::sqlite {

// How it is written: with fsync at each commit or not, through which file system of SQLite's.
struct Manner {
  bool is_synced = false;
  std::string vfs;
};

class Database {
 public:
  // What open() found.
  struct Opened {
    std::unique_ptr<Database> database;
    std::vector<Entry> entries;  // by key
    std::string repair;          // in the operator's words; "": nothing was wrong
  };

  // Makes an empty file. Throws StoreError and Error.
  // Requires: it does not exist.
  static void make(const File& file, const Manner& manner);
  // Requires: the file exists. If it is damaged, what can be saved is written to a new one, and the
  // damaged one is moved aside. Throws StoreError: it is not ours, of another format, in use, or
  // nothing at all could be saved.
  static Opened open(const File& file, const Manner& manner);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Takes in the transactions, in their order and in one commit, and returns an outcome for each:
  // durable or a conflict. Throws Error if it failed; then nothing of all was written, and the next
  // commit may well succeed.
  std::vector<Outcome> commit(const std::vector<Transaction>& transactions);

  // To be called after open(), and after each commit when its answers are given: keeps the log from
  // growing. Throws Error; the log grows on then, and a later call tries again.
  void tend_log();

 private:
  Database(std::unique_ptr<Connection> connection, Ledger ledger, const Manner& manner);
  static Opened repair(const File& file, const Manner& manner, std::unique_ptr<Connection> damaged,
                       bool is_log_whole);

  bool holds(const Transaction& transaction);  // its if_revisions
  Outcome apply(const Transaction& transaction);

  std::unique_ptr<Connection> connection_;
  Table table_;
  Ledger ledger_;
  // The log may end in what was never committed: by a failure, or by the process before.
  bool has_leftovers_ = true;
  int checkpoint_at_;  // pages in the log
};

}  // namespace sluice::registry::sqlite
