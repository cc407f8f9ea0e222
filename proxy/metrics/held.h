// Finds the cells of a name for as long as somebody else holds them. Guarded by its user.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::metrics {

template <class Key, class Cells>
class Held {
 public:
  // The cells of `key`; if nobody holds any, new ones that make() answers.
  template <class Make>
  std::shared_ptr<Cells> find_or_make(const Key& key, Make make) {
    std::weak_ptr<Cells>& slot = cells_[key];
    std::shared_ptr<Cells> cells = slot.lock();
    if (!cells) slot = cells = make();
    return cells;
  }

  // In the order of their keys.
  std::vector<std::shared_ptr<const Cells>> all() const {
    std::vector<std::shared_ptr<const Cells>> held;
    for (const auto& [key, slot] : cells_) {
      if (auto cells = slot.lock()) held.push_back(std::move(cells));
    }
    return held;
  }

  // Drops the names that nobody holds cells of.
  void prune() {
    std::erase_if(cells_, [](const auto& entry) { return entry.second.expired(); });
  }

 private:
  std::map<Key, std::weak_ptr<Cells>> cells_;
};

}  // namespace sluice::metrics
