#include "registry/store/sqlite_database.h"

#include <algorithm>
#include <utility>

#include "registry/store/sqlite_examine.h"
#include "registry/store/sqlite_log.h"

namespace sluice::registry::sqlite {
namespace {

constexpr int kLogPages = 1000;  // 4 MiB: then the log is moved into the file

// After a repair revisions go on from beyond all that a lost entry may have had.
constexpr std::uint64_t kRevisionsLost = std::uint64_t{1} << 32;

std::unique_ptr<Connection> connect(const std::string& path, const Manner& manner) {
  auto connection = std::make_unique<Connection>(path, manner.vfs);
  connection->run("SELECT count(*) FROM sqlite_schema");  // takes the lock
  return connection;
}

void fill(const std::string& path, const Manner& manner, const std::vector<Entry>& entries,
          Ledger ledger) {
  Connection connection(path, manner.vfs);
  connection.owns_log();
  create_tables(connection, entries, ledger);
  connection.checkpoint();  // here, where it can fail in words; closing would not say so
}

[[noreturn]] void refuse(const File& file, const std::string& what) {
  throw StoreError(file.shown() + " cannot be used: " + what);
}

std::string words(std::size_t saved, const std::optional<Ledger>& ledger, bool is_log_whole) {
  std::string words;
  if (!ledger) {
    words = std::to_string(saved) + " entries were saved, and how many were lost is not known";
  } else if (saved < ledger->entries) {
    words = std::to_string(ledger->entries - saved) + " of " + std::to_string(ledger->entries) +
            " entries were lost";
  } else {
    words = "all " + std::to_string(saved) + " entries were saved";
  }
  if (!is_log_whole) words += ", and what was written last may be lost";
  return words;
}

}  // namespace

Database::Opened Database::open(const File& file, const Manner& manner) try {
  std::unique_ptr<Connection> connection = connect(file.path(), manner);
  if (const std::string why = why_not_ours(*connection); !why.empty()) refuse(file, why);
  const bool has_whole_log = is_log_whole(file.log());
  std::optional<Content> content = has_whole_log ? read_whole(*connection) : std::nullopt;
  if (!content) return repair(file, manner, std::move(connection), has_whole_log);
  std::unique_ptr<Database> database(new Database(std::move(connection), content->ledger, manner));
  return {std::move(database), std::move(content->entries), {}};
} catch (const Error& error) {
  if (!error.is_damage()) refuse(file, error.what());
  refuse(file, std::string("its beginning is destroyed, or it is not a file of this program (") +
                   error.what() +
                   "); restore it from a copy, or move it away to begin with an empty registry");
}

Database::Opened Database::repair(const File& file, const Manner& manner,
                                  std::unique_ptr<Connection> damaged, bool is_log_whole) {
  Salvage saved = salvage(*damaged);
  if (saved.entries.empty() && (!saved.ledger || saved.ledger->entries > 0)) {
    refuse(file,
           "it is damaged, and nothing in it can be read; restore it from a copy, or move it away "
           "to begin with an empty registry");
  }
  Ledger ledger{saved.entries.size(), saved.ledger ? saved.ledger->revision : 0};
  for (const Entry& entry : saved.entries) {
    ledger.revision = std::max(ledger.revision, entry.revision);
  }
  ledger.revision += kRevisionsLost;

  // The damaged file stays locked until the new one is in its place.
  const std::string aside =
      file.replace([&](const std::string& path) { fill(path, manner, saved.entries, ledger); });
  std::unique_ptr<Database> database(new Database(connect(file.path(), manner), ledger, manner));
  return {std::move(database), std::move(saved.entries),
          file.shown() + " was damaged: " + words(ledger.entries, saved.ledger, is_log_whole) +
              "; the damaged file is kept as " + aside};
}

void Database::make(const File& file, const Manner& manner) {
  file.create([&](const std::string& path) { fill(path, manner, {}, {}); });
}

Database::Database(std::unique_ptr<Connection> connection, Ledger ledger, const Manner& manner)
    : connection_(std::move(connection)),
      table_(*connection_),
      ledger_(ledger),
      checkpoint_at_(kLogPages) {
  connection_->owns_log();
  connection_->run(manner.is_synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

std::vector<Outcome> Database::commit(const std::vector<Transaction>& transactions) {
  if (connection_->has_moved()) {
    throw Error(SQLITE_READONLY_DBMOVED, "it was removed or replaced while in use; restart");
  }
  const Ledger before = ledger_;
  std::vector<Outcome> outcomes;
  outcomes.reserve(transactions.size());
  try {
    connection_->run("BEGIN IMMEDIATE");
    for (const Transaction& transaction : transactions) {
      outcomes.push_back(holds(transaction) ? apply(transaction)
                                            : Outcome{Outcome::Kind::conflict, 0, {}});
    }
    if (ledger_ != before) table_.set_ledger(ledger_);
    connection_->run("COMMIT");
  } catch (const Error&) {
    connection_->roll_back();
    has_leftovers_ = true;
    ledger_.entries = before.entries;  // revisions are not given twice
    throw;
  }
  return outcomes;
}

bool Database::holds(const Transaction& transaction) {
  return std::ranges::all_of(transaction, [this](const Write& write) {
    return !write.if_revision || *write.if_revision == table_.revision_of(write.key);
  });
}

Outcome Database::apply(const Transaction& transaction) {
  ++ledger_.revision;
  for (const Write& write : transaction) {
    if (write.value) {
      if (table_.put(write.key, *write.value, ledger_.revision)) ++ledger_.entries;
    } else {
      if (table_.erase(write.key)) --ledger_.entries;
    }
  }
  return {Outcome::Kind::durable, ledger_.revision, {}};
}

void Database::tend_log() {
  if (connection_->log_pages() < checkpoint_at_ && !has_leftovers_) return;
  checkpoint_at_ = connection_->log_pages() + kLogPages;  // if it fails
  connection_->checkpoint();
  checkpoint_at_ = kLogPages;
  has_leftovers_ = false;
}

}  // namespace sluice::registry::sqlite
