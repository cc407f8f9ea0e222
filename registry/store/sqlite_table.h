// What stands in a SqliteStore's file: format 1.
//
//   application_id  0x534C5543, "SLUC"
//   user_version    1, the format
//   entry           a row for each entry, with a checksum of its own
//   ledger          one row: how many entries there are, and the last revision given
//
// A row's checksum is XXH64 of kind, service, id and value, each seeded with the result of the one
// before, and the first with the revision; the ledger's is XXH64 of both numbers, little-endian.
// SQLite finds most damage to its own structure, but none to content; the checksums do, and the
// ledger shows what is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/store/sqlite_connection.h"
#include "registry/store/store.h"

namespace sluice::registry::sqlite {

inline constexpr std::int64_t kApplicationId = 0x534C5543;
inline constexpr std::int64_t kFormat = 1;

struct Ledger {
  std::uint64_t entries = 0;
  std::uint64_t revision = 0;
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

// Makes the tables in an empty file and fills them. Throws Error.
void create_tables(Connection& connection, const std::vector<Entry>& entries, Ledger ledger);

// True if the tables are as create_tables() makes them, to the letter.
bool has_our_tables(Connection& connection);

// Nothing: there is none, or its checksum is wrong. Throws Error.
std::optional<Ledger> read_ledger(Connection& connection);

// A walk over the rows in the order of their slots.
class Rows {
 public:
  enum class Order : std::uint8_t { up, down };
  Rows(const Connection& connection, Order order);

  // Begins (anew) at `slot`, which is included.
  void begin(std::int64_t slot);
  bool next() { return statement_.step(); }  // false: that was all. Throws Error

  std::int64_t slot() const { return statement_.number(0); }
  // Nothing: the row's checksum is wrong.
  std::optional<Entry> entry() const;

 private:
  Statement statement_;
};

// Changes of single entries. To be used within a SQLite transaction. All throw Error.
class Table {
 public:
  explicit Table(const Connection& connection);

  std::uint64_t revision_of(const Key& key);  // 0: there is no such entry
  bool put(const Key& key, const std::string& value, std::uint64_t revision);  // whether it is new
  bool erase(const Key& key);  // whether it was there
  void set_ledger(Ledger ledger);

 private:
  const Connection& connection_;
  Statement find_;
  Statement update_;
  Statement insert_;
  Statement erase_;
  Statement set_ledger_;
};

}  // namespace sluice::registry::sqlite
