// The registry's entries in one SQLite file: what a proxy of its own uses.
//
// write() puts a transaction in a queue, and a thread of the store's own takes what is there,
// writes it in one commit and gives the answers, on that thread: alone a transaction waits for
// nothing, and under load many share one fsync. Few that follow each other closely wait for their
// turn (`pace`) and share it, as PostgreSQL's commit_delay has it: a commit costs the cores as much
// as all else that a registration takes, and those are the cores that connections run on.
//
// Durable means, as DESIGN says it: with Sync::normal an answered write survives the end of the
// process, kill -9 included, and after a power cut the last ones may be missing; with Sync::full it
// survives a power cut.
//
// The file is made at the first write, with mode 0600. Its name must not be a symbolic link, its
// owner the user that the process runs as (so load() comes after a change of user), and nobody else
// may write it. One process uses it at a time. Moved or removed while in use: writes fail.
//
// Damage is looked for at load(): in SQLite's structure, and by a checksum over each entry. Entries
// that are found whole are kept: they are written to a new file, the damaged one stays aside as
// sluice.db.damaged-1 (-2, ...), and health() says how many were lost. A file that is empty, or
// nothing of which can be read, is refused: the registry never begins empty without a word. (What
// no program can know is that the end of a log was cut off without a trace.)
//
// Where there is no file and none can be made, as in a directory of somebody else's, nothing is
// refused: health() says it, and each write fails.
//
// A write that fails, as on a full disk, is answered with the reason; the next one is tried afresh.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "registry/store/store.h"

namespace sluice::registry {

namespace sqlite {
class Database;
class File;
}  // namespace sqlite

struct SqliteOptions {
  enum class Sync : std::uint8_t { normal, full };
  std::string path = "./sluice.db";
  Sync sync = Sync::normal;
  std::string vfs;  // the file system to go through, by SQLite's name; "": the system's
  // From the end of a commit to the beginning of the next, unless there is enough to write for one.
  std::chrono::milliseconds pace{2};
};

class SqliteStore final : public Store {
 public:
  static constexpr std::size_t kWorthACommit = 32;  // transactions that wait for no others

  explicit SqliteStore(SqliteOptions options);
  ~SqliteStore() override;  // blocks until all is written and answered

  std::vector<Entry> load() override;
  void write(Transaction transaction, Done done) override;  // the queue has no bound of its own
  void renew(const Key& /*key*/) override {}
  void listen(Listener /*listener*/) override {}
  StoreHealth health() const override;

 private:
  struct Pending {
    Transaction transaction;
    Done done;
  };
  // Transactions that share a commit, and where their answers go.
  struct Batch {
    std::vector<Transaction> transactions;
    std::vector<Done> answers;
  };

  // On the store's own thread, once it runs.
  void serve();
  void rest();
  bool take(Batch& batch);
  std::vector<Outcome> commit(const Batch& batch);
  void tend_log();
  void open();
  void count(const std::vector<Outcome>& outcomes);

  const SqliteOptions options_;
  std::unique_ptr<sqlite::File> file_;          // since load()
  std::unique_ptr<sqlite::Database> database_;  // null: there is no file yet
  bool has_made_ = false;                       // the file

  mutable std::mutex mutex_;  // for all below
  std::condition_variable has_work_;
  std::deque<Pending> queue_;
  bool is_resting_ = false;
  bool is_ending_ = false;
  StoreHealth health_;

  std::thread thread_;  // since load(); last: it uses all of the above
};

}  // namespace sluice::registry
