#include "registry/store/sqlite_table.h"

#include <xxhash.h>

#include <array>
#include <string_view>

namespace sluice::registry::sqlite {
namespace {

constexpr const char* kEntryTable =
    "CREATE TABLE entry(slot INTEGER PRIMARY KEY, kind BLOB NOT NULL, service BLOB NOT NULL, "
    "id BLOB NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL, "
    "checksum INTEGER NOT NULL, UNIQUE(kind, service, id)) STRICT";
constexpr const char* kLedgerTable =
    "CREATE TABLE ledger(slot INTEGER PRIMARY KEY, entries INTEGER NOT NULL, "
    "revision INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT";

// SQLite's integers have a sign; the bits are the same.
std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}
std::uint64_t meant(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

std::uint64_t checksum(std::string_view kind, std::string_view service, std::string_view id,
                       std::string_view value, std::uint64_t revision) {
  std::uint64_t sum = revision;
  for (const std::string_view part : {kind, service, id, value}) {
    sum = XXH64(part.data(), part.size(), sum);
  }
  return sum;
}

std::uint64_t checksum(const Ledger& ledger) {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(ledger.entries >> (8 * i));
    bytes[8 + i] = static_cast<unsigned char>(ledger.revision >> (8 * i));
  }
  return XXH64(bytes.data(), bytes.size(), 0);
}

void bind(Statement& statement, int first, const Key& key) {
  statement.bind(first, key.kind);
  statement.bind(first + 1, key.service);
  statement.bind(first + 2, key.id);
}

}  // namespace

void create_tables(Connection& connection, const std::vector<Entry>& entries, Ledger ledger) {
  connection.run("PRAGMA journal_mode = WAL");
  connection.run("BEGIN IMMEDIATE");
  connection.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  connection.run(("PRAGMA user_version = " + std::to_string(kFormat)).c_str());
  connection.run(kEntryTable);
  connection.run(kLedgerTable);
  connection.run("INSERT INTO ledger VALUES(1, 0, 0, 0)");
  Table table(connection);
  for (const Entry& entry : entries) table.put(entry.key, entry.value, entry.revision);
  table.set_ledger(ledger);
  connection.run("COMMIT");
}

bool has_our_tables(Connection& connection) {
  Statement statement(connection, "SELECT sql FROM sqlite_schema ORDER BY rowid");
  for (const std::string_view expected : {kEntryTable, "", kLedgerTable}) {  // "": the unique index
    if (!statement.step()) return false;
    if (statement.bytes(0) != expected) return false;
  }
  return !statement.step();
}

std::optional<Ledger> read_ledger(Connection& connection) {
  Statement statement(connection, "SELECT entries, revision, checksum FROM ledger WHERE slot = 1");
  if (!statement.step()) return std::nullopt;
  const Ledger ledger{meant(statement.number(0)), meant(statement.number(1))};
  if (checksum(ledger) != meant(statement.number(2))) return std::nullopt;
  return ledger;
}

Rows::Rows(const Connection& connection, Order order)
    : statement_(connection,
                 order == Order::up
                     ? "SELECT slot, kind, service, id, value, revision, checksum FROM entry "
                       "WHERE slot >= ? ORDER BY slot"
                     : "SELECT slot, kind, service, id, value, revision, checksum FROM entry "
                       "WHERE slot <= ? ORDER BY slot DESC") {}

void Rows::begin(std::int64_t slot) {
  statement_.reset();
  statement_.bind(1, slot);
}

std::optional<Entry> Rows::entry() const {
  const std::string_view kind = statement_.bytes(1);
  const std::string_view service = statement_.bytes(2);
  const std::string_view id = statement_.bytes(3);
  const std::string_view value = statement_.bytes(4);
  const std::uint64_t revision = meant(statement_.number(5));
  const std::uint64_t sum = checksum(kind, service, id, value, revision);
  if (sum != meant(statement_.number(6))) return std::nullopt;
  return Entry{
      {std::string(kind), std::string(service), std::string(id)}, std::string(value), revision};
}

Table::Table(const Connection& connection)
    : connection_(connection),
      find_(connection, "SELECT revision FROM entry WHERE kind = ? AND service = ? AND id = ?"),
      update_(connection,
              "UPDATE entry SET value = ?4, revision = ?5, checksum = ?6 "
              "WHERE kind = ?1 AND service = ?2 AND id = ?3"),
      insert_(connection,
              "INSERT INTO entry(kind, service, id, value, revision, checksum) "
              "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      erase_(connection, "DELETE FROM entry WHERE kind = ? AND service = ? AND id = ?"),
      set_ledger_(connection,
                  "UPDATE ledger SET entries = ?, revision = ?, checksum = ? WHERE slot = 1") {}

std::uint64_t Table::revision_of(const Key& key) {
  bind(find_, 1, key);
  const std::uint64_t revision = find_.step() ? meant(find_.number(0)) : 0;
  find_.reset();
  return revision;
}

bool Table::put(const Key& key, const std::string& value, std::uint64_t revision) {
  const std::uint64_t sum = checksum(key.kind, key.service, key.id, value, revision);
  for (Statement* statement : {&update_, &insert_}) {
    bind(*statement, 1, key);
    statement->bind(4, value);
    statement->bind(5, stored(revision));
    statement->bind(6, stored(sum));
    statement->step();
    if (statement == &update_ && connection_.changes() > 0) return false;
  }
  return true;
}

bool Table::erase(const Key& key) {
  bind(erase_, 1, key);
  erase_.step();
  return connection_.changes() > 0;
}

void Table::set_ledger(Ledger ledger) {
  set_ledger_.bind(1, stored(ledger.entries));
  set_ledger_.bind(2, stored(ledger.revision));
  set_ledger_.bind(3, stored(checksum(ledger)));
  set_ledger_.step();
}

}  // namespace sluice::registry::sqlite
