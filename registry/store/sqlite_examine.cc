#include "registry/store/sqlite_examine.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace sluice::registry::sqlite {
namespace {

constexpr std::int64_t kFirstSlot = 1;
constexpr std::int64_t kLastSlot = std::numeric_limits<std::int64_t>::max() - 1;
constexpr int kMostLookups = 200'000;

// Does what may fail because of damage; false: it did.
bool attempt(const std::function<void()>& step) {
  try {
    step();
    return true;
  } catch (const Error& error) {
    if (!error.is_damage()) throw;
    return false;
  }
}

class Salvager {
 public:
  explicit Salvager(const Connection& connection) : connection_(connection) {}

  // Down from the end to the first damaged place; then up from the beginning, and over each damaged
  // place slot by slot, to where the way down has ended. Slots only grow on the way up, and fall on
  // the way down: a damaged tree may lead in circles.
  void walk_down() {
    Rows rows(connection_, Rows::Order::down);
    rows.begin(last_);
    while (rows.next()) {
      if (rows.slot() > last_ || rows.slot() < kFirstSlot) return;
      last_ = rows.slot() - 1;
      keep(rows);
    }
    last_ = 0;  // there is nothing else
  }

  void walk_up() {
    Rows rows(connection_, Rows::Order::up);
    std::int64_t slot = kFirstSlot;
    for (int lookups = 0; lookups < kMostLookups && slot <= last_; ++lookups, ++slot) {
      const bool is_over = attempt([&] {
        rows.begin(slot);
        while (rows.next() && rows.slot() >= slot && rows.slot() <= last_) {
          slot = rows.slot() + 1;
          keep(rows);
        }
      });
      if (is_over) return;
    }
  }

  std::vector<Entry> take() {
    std::vector<Entry> entries;
    entries.reserve(found_.size());
    for (auto& [key, entry] : found_) entries.push_back(std::move(entry));
    return entries;
  }

 private:
  void keep(const Rows& rows) {
    std::optional<Entry> entry = rows.entry();
    if (!entry) return;
    Entry& kept = found_[entry->key];
    if (kept.revision < entry->revision) kept = std::move(*entry);
  }

  const Connection& connection_;
  std::int64_t last_ = kLastSlot;  // up to here nothing is seen yet
  std::map<Key, Entry> found_;
};

}  // namespace

std::string why_not_ours(Connection& connection) {
  if (connection.number("PRAGMA application_id") != kApplicationId) {
    return "it is not a file of this program; name another one, or move it away";
  }
  const std::int64_t format = connection.number("PRAGMA user_version");
  if (format == kFormat) return {};
  return "it has format " + std::to_string(format) + ", and this program knows format " +
         std::to_string(kFormat) + " only; " +
         (format > kFormat ? "start the newer program that wrote it" : "restore it from a copy");
}

std::optional<Content> read_whole(Connection& connection) try {
  if (connection.text("PRAGMA journal_mode") != "wal") return std::nullopt;
  if (!has_our_tables(connection)) return std::nullopt;
  if (connection.text("PRAGMA integrity_check(1)") != "ok") return std::nullopt;
  const std::optional<Ledger> ledger = read_ledger(connection);
  if (!ledger) return std::nullopt;

  Content content{{}, *ledger};
  Rows rows(connection, Rows::Order::up);
  rows.begin(kFirstSlot);
  while (rows.next()) {
    std::optional<Entry> entry = rows.entry();
    if (!entry) return std::nullopt;
    content.entries.push_back(std::move(*entry));
  }
  if (content.entries.size() != ledger->entries) return std::nullopt;
  std::ranges::sort(content.entries, {}, &Entry::key);
  return content;
} catch (const Error& error) {
  if (!error.is_damage()) throw;
  return std::nullopt;
}

Salvage salvage(Connection& connection) {
  Salvage salvage;
  attempt([&] { salvage.ledger = read_ledger(connection); });
  Salvager salvager(connection);
  attempt([&] { salvager.walk_down(); });
  attempt([&] { salvager.walk_up(); });
  salvage.entries = salvager.take();
  return salvage;
}

}  // namespace sluice::registry::sqlite
