#include "proxy/departures.h"

#include <algorithm>
#include <limits>

namespace sluice {

namespace {

constexpr std::uint64_t kPardoned = std::numeric_limits<std::uint64_t>::max();

bool has_connections(const std::shared_ptr<registry::Live>& live) {
  return live->load.load(std::memory_order_relaxed) != 0;
}

}  // namespace

Departures::Key Departures::key_of(const registry::Live& live) {
  return {live.identity.service, live.identity.id, live.identity.address};
}

void Departures::depart(std::shared_ptr<registry::Live> live, std::uint64_t due_ms) {
  const Key key = key_of(*live);
  Departed& departed = departed_[key];
  departed.lives.push_back(std::move(live));
  set_due(key, departed, due_ms);
}

void Departures::arrive(const registry::Live& live) {
  const auto at = departed_.find(key_of(live));
  if (at == departed_.end()) return;
  Departed& departed = at->second;
  set_due(at->first, departed, kPardoned);
  std::erase_if(departed.lives, [](const auto& each) { return !has_connections(each); });
  if (departed.lives.empty()) departed_.erase(at);
}

void Departures::set_due(const Key& key, Departed& departed, std::uint64_t due_ms) {
  due_.erase({departed.due_ms, key});
  departed.due_ms = due_ms;
  if (due_ms != kPardoned) due_.emplace(due_ms, key);
}

bool Departures::condemn_due(std::uint64_t now_ms) {
  bool any = false;
  while (!due_.empty() && due_.begin()->first <= now_ms) {
    const auto at = departed_.find(due_.begin()->second);
    due_.erase(due_.begin());
    for (const auto& live : at->second.lives) {
      live->condemned.store(verdict_, std::memory_order_release);
    }
    departed_.erase(at);
    any = true;
  }
  return any;
}

std::uint64_t Departures::next_ms() const {
  return due_.empty() ? kPardoned : due_.begin()->first;
}

}  // namespace sluice
