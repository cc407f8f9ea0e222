#include "registry/store/sqlite.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "registry/store/sqlite_database.h"
#include "registry/store/sqlite_file.h"

namespace sluice::registry {
namespace {

// A commit holds at most so much, so that the first in it does not wait for all the others.
constexpr std::size_t kMostTransactions = 512;
constexpr std::size_t kMostBytes = 4 << 20;

sqlite::Manner manner(const SqliteOptions& options) {
  return {options.sync == SqliteOptions::Sync::full, options.vfs};
}

std::size_t size(const Transaction& transaction) {
  std::size_t size = 0;
  for (const Write& write : transaction) size += write.value ? write.value->size() : 0;
  return size;
}

// Signals are for the threads that wait for them.
std::thread start_without_signals(auto body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), "sluice-store");
  return thread;
}

}  // namespace

SqliteStore::SqliteStore(SqliteOptions options) : options_(std::move(options)) {}

SqliteStore::~SqliteStore() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_work_.notify_one();
  thread_.join();
}

std::vector<Entry> SqliteStore::load() {
  assert(!file_);
  auto file = std::make_unique<sqlite::File>(options_.path);
  const std::string aside = file->complete_replacement();
  sqlite::Database::Opened opened;
  if (file->exists()) {
    file->check();
    opened = sqlite::Database::open(*file, manner(options_));
  } else {
    file->check_absent();
    health_.why = file->why_it_cannot_be_made();  // which only matters once somebody registers
  }
  if (!aside.empty()) {
    health_.why =
        file->shown() + " was damaged and has been repaired; the damaged file is kept as " + aside;
  }
  if (!opened.repair.empty()) health_.why = std::move(opened.repair);
  file_ = std::move(file);
  database_ = std::move(opened.database);
  tend_log();  // one that was left by a killed process begins anew
  thread_ = start_without_signals([this] { serve(); });
  return std::move(opened.entries);
}

void SqliteStore::write(Transaction transaction, Done done) {
  assert(file_);
  bool is_awaited = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(transaction), std::move(done)});
    is_awaited = queue_.size() == (is_resting_ ? kWorthACommit : 1);
  }
  if (is_awaited) has_work_.notify_one();
}

StoreHealth SqliteStore::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void SqliteStore::serve() {
  for (Batch batch; take(batch);) {
    const std::vector<Outcome> outcomes = commit(batch);
    count(outcomes);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (batch.answers[i]) batch.answers[i](outcomes[i]);
    }
    if (outcomes.front().kind != Outcome::Kind::failed) tend_log();
    rest();
  }
}

// After a commit, so that what comes meanwhile shares the next.
void SqliteStore::rest() {
  std::unique_lock lock(mutex_);
  is_resting_ = true;
  has_work_.wait_for(lock, options_.pace,
                     [this] { return is_ending_ || queue_.size() >= kWorthACommit; });
  is_resting_ = false;
}

// Waits for work; false: there is none, and there will be none.
bool SqliteStore::take(Batch& batch) {
  std::unique_lock lock(mutex_);
  has_work_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
  if (queue_.empty()) return false;
  batch = {};
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.answers.size() < kMostTransactions && bytes < kMostBytes) {
    bytes += size(queue_.front().transaction);
    batch.transactions.push_back(std::move(queue_.front().transaction));
    batch.answers.push_back(std::move(queue_.front().done));
    queue_.pop_front();
  }
  return true;
}

std::vector<Outcome> SqliteStore::commit(const Batch& batch) {
  std::string why;
  try {
    if (!database_) open();
    return database_->commit(batch.transactions);
  } catch (const StoreError& error) {
    why = error.what();
  } catch (const sqlite::Error& error) {
    why = "cannot write " + options_.path + ": " + error.what();
  }
  return std::vector<Outcome>(batch.answers.size(), {Outcome::Kind::failed, 0, why});
}

void SqliteStore::open() {
  if (!has_made_) sqlite::Database::make(*file_, manner(options_));
  has_made_ = true;
  database_ = sqlite::Database::open(*file_, manner(options_)).database;
  tend_log();
}

void SqliteStore::tend_log() try {
  if (database_) database_->tend_log();
} catch (const sqlite::Error& error) {
  const std::lock_guard lock(mutex_);
  health_.is_well = false;
  health_.why = "cannot move the log into " + options_.path + ": " + error.what();
}

void SqliteStore::count(const std::vector<Outcome>& outcomes) {
  const std::lock_guard lock(mutex_);
  const auto durable = std::ranges::count(outcomes, Outcome::Kind::durable, &Outcome::kind);
  const auto failed = std::ranges::count(outcomes, Outcome::Kind::failed, &Outcome::kind);
  health_.transactions += static_cast<std::uint64_t>(durable);
  health_.failures += static_cast<std::uint64_t>(failed);
  if (durable > 0) ++health_.commits;
  health_.is_well = failed == 0;
  if (failed > 0) health_.why = outcomes.front().why;
}

}  // namespace sluice::registry
