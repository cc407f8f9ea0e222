// What happened, as long as it is remembered: the last changes of instances, and notes of what
// else happened to the server, in one order.
//
// A ring: what is over its capacity is forgotten, oldest first. A value; one thread.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "registry/registry.h"
#include "registry/snapshot.h"

namespace sluice::admin {

// A place in the journal. A change stands at its index, a note behind the change that it came
// after: 8, then 8.1 and 8.2, then 9. So an index says how far somebody has read, and no note is
// missed or told twice.
struct Position {
  std::uint64_t index = 0;
  std::uint64_t note = 0;

  std::string text() const;                                     // "8" or "8.2"
  static std::optional<Position> parse(std::string_view text);  // nothing: it is none
  friend auto operator<=>(const Position&, const Position&) = default;
};

// Something that is no change of an instance: a reload, a store that fails.
struct Event {
  std::string kind;  // a word: "reloaded", "reload_refused", "store_failed", "store_caught_up",
                     // "panic", "panic_over"
  std::string text;  // for people
  std::int64_t wall_ms = 0;
};

// A change and, where it may have changed the labels, the instance before it.
struct Step {
  registry::Change change;
  std::shared_ptr<const registry::Instance> before;  // null unless of kind `updated`
};

// What `changes`, which lead on from `before`, say together with what was there before each.
std::vector<Step> steps(const registry::Snapshot& before, std::vector<registry::Change> changes);

struct Entry {
  Position at;
  std::variant<Step, Event> what;
};

class Journal {
 public:
  // Begins empty after `floor`, the index of what was there already.
  Journal(std::size_t capacity, std::uint64_t floor) : capacity_(capacity), floor_{floor} {}

  void add(Step step);  // Requires: indices grow

  // Behind the last entry, or behind `index` where the registry has come further without a change
  // of an instance.
  void add(Event event, std::uint64_t index);
  void resize(std::size_t capacity);

  // Everything after this place is still there.
  Position floor() const { return floor_; }
  Position end() const { return entries_.empty() ? floor_ : entries_.back().at; }  // of the last
  // All that came after `position`, oldest first; of what was forgotten, nothing.
  std::ranges::subrange<std::deque<Entry>::const_iterator> after(Position position) const;

 private:
  void forget();

  std::size_t capacity_;
  Position floor_;
  std::deque<Entry> entries_;
};

}  // namespace sluice::admin
