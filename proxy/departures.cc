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

bool Departures::has(const registry::Snapshot& snapshot, const Key& key) {
  const registry::Service* service = snapshot.find(std::get<0>(key));
  const registry::Instance* instance =
      service != nullptr ? service->find(std::get<1>(key)) : nullptr;
  return instance != nullptr && instance->address == std::get<2>(key);
}

void Departures::note(const registry::Snapshot& before, const registry::Snapshot& after,
                      const std::function<config::Duration(const std::string&)>& drain_of,
                      std::uint64_t now_ms) {
  for (const auto& [name, service] : before.services) {
    const registry::Service* now = after.find(name);
    if (now == service.get()) continue;
    const auto due = now_ms + static_cast<std::uint64_t>(drain_of(name).count());
    for (const auto& instance : service->instances) {
      const registry::Instance* same = now != nullptr ? now->find(instance->id) : nullptr;
      if (same != nullptr && same->live == instance->live) continue;
      Departed& departed = departed_[key_of(*instance->live)];
      departed.lives.push_back(instance->live);
      departed.due_ms = due;
    }
  }
  for (auto& [key, departed] : departed_) {
    if (!has(after, key)) continue;
    departed.due_ms = kPardoned;
    std::erase_if(departed.lives, [](const auto& live) { return !has_connections(live); });
  }
  std::erase_if(departed_, [](const auto& entry) { return entry.second.lives.empty(); });
}

bool Departures::condemn_due(std::uint64_t now_ms) {
  const auto condemned = std::erase_if(departed_, [now_ms](const auto& entry) {
    if (entry.second.due_ms > now_ms) return false;
    for (const auto& live : entry.second.lives) {
      live->condemned.store(registry::Condemned::instance_removed, std::memory_order_release);
    }
    return true;
  });
  return condemned != 0;
}

std::uint64_t Departures::next_ms() const {
  std::uint64_t next = kPardoned;
  for (const auto& [key, departed] : departed_) next = std::min(next, departed.due_ms);
  return next;
}

}  // namespace sluice
