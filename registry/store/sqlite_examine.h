// Reading a SqliteStore's file at start: is it ours, is it whole, and if not, what can be saved.
//
// "Whole" is: SQLite's own integrity check finds nothing, the tables are ours to the letter, every
// row has its checksum, and there are as many as the ledger says. Whatever else it is, it is
// damaged; then each row that can be reached by any way and has a right checksum is saved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/store/sqlite_connection.h"
#include "registry/store/sqlite_table.h"
#include "registry/store/store.h"

namespace sluice::registry::sqlite {

// Whether the file is of this program and in the format that it knows; else what it is, in words
// that follow the file's name. Throws Error, as all below.
std::string why_not_ours(Connection& connection);

struct Content {
  std::vector<Entry> entries;  // by key
  Ledger ledger;
};

// Nothing: it is damaged.
std::optional<Content> read_whole(Connection& connection);

struct Salvage {
  std::vector<Entry> entries;    // by key
  std::optional<Ledger> ledger;  // nothing: it is lost as well
};

// Takes what can be had from a damaged file; a part of it that cannot be read is passed over.
// Throws Error only for what is not damage, as a disk that does not answer. Bounded: it gives up
// after 200,000 lookups that led to nothing.
Salvage salvage(Connection& connection);

}  // namespace sluice::registry::sqlite
