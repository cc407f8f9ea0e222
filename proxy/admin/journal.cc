#include "proxy/admin/journal.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace sluice::admin {

namespace {

using Key = std::pair<std::string, std::string>;  // service, id

std::shared_ptr<const registry::Instance> look_up(const registry::Snapshot& snapshot,
                                                  const Key& key) {
  const registry::Service* service = snapshot.find(key.first);
  if (service == nullptr) return nullptr;
  return service->instances.find(key.second);
}

bool read_number(std::string_view digits, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size();
}

}  // namespace

std::string Position::text() const {
  return std::to_string(index) + (note > 0 ? "." + std::to_string(note) : "");
}

std::optional<Position> Position::parse(std::string_view text) {
  Position position;
  const std::size_t point = text.find('.');
  if (!read_number(text.substr(0, point), position.index)) return std::nullopt;
  if (point == text.npos) return position;
  if (!read_number(text.substr(point + 1), position.note)) return std::nullopt;
  return position;
}

std::vector<Step> steps(const registry::Snapshot& before, std::vector<registry::Change> changes) {
  std::map<Key, std::shared_ptr<const registry::Instance>> newer;
  std::vector<Step> all;
  all.reserve(changes.size());
  for (registry::Change& change : changes) {
    Key key{change.service, change.id};
    Step step{std::move(change), nullptr};
    if (step.change.kind == registry::Change::Kind::updated) {
      const auto at = newer.find(key);
      step.before = at != newer.end() ? at->second : look_up(before, key);
    }
    newer.insert_or_assign(std::move(key), step.change.instance);
    all.push_back(std::move(step));
  }
  return all;
}

void Journal::add(Step step) {
  const Position at{step.change.index};
  entries_.push_back({at, std::move(step)});
  forget();
}

void Journal::add(Event event, std::uint64_t index) {
  const Position last = std::max(end(), Position{index});
  entries_.push_back({{last.index, last.note + 1}, std::move(event)});
  forget();
}

void Journal::resize(std::size_t capacity) {
  capacity_ = capacity;
  forget();
}

void Journal::forget() {
  while (entries_.size() > capacity_) {
    floor_ = entries_.front().at;
    entries_.pop_front();
  }
}

std::ranges::subrange<std::deque<Entry>::const_iterator> Journal::after(Position position) const {
  return {std::ranges::upper_bound(entries_, position, {}, &Entry::at), entries_.end()};
}

}  // namespace sluice::admin
