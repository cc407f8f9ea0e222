#include "proxy/rebalancer.h"

#include <algorithm>
#include <utility>

namespace sluice {

std::vector<QuietOne> choose_quietest(std::vector<QuietOne> quiet,
                                      const std::vector<Surplus>& surplus, std::size_t most) {
  std::map<const registry::Live*, std::uint32_t> left;
  for (const Surplus& each : surplus) left[each.live.get()] = each.connections - each.allowed;
  std::ranges::stable_sort(quiet, std::ranges::greater{}, &QuietOne::quiet_ms);
  std::vector<QuietOne> chosen;
  for (const QuietOne& one : quiet) {
    if (chosen.size() == most) break;
    std::uint32_t& of_instance = left[one.live];
    if (of_instance == 0) continue;
    --of_instance;
    chosen.push_back(one);
  }
  return chosen;
}

void Rebalancer::adopt(const config::Config& config) {
  std::map<std::string, Move> moves;
  for (const config::Service& service : config.services) {
    if (!service.rebalance.enabled) continue;
    const auto known = moves_.find(service.name);
    Move& move = moves[service.name] = known != moves_.end() ? known->second : Move();
    move.rule = service.rebalance;
  }
  moves_ = std::move(moves);
}

void Rebalancer::look(const registry::Snapshot& snapshot, std::uint64_t now_ms) {
  for (auto& [name, move] : moves_) {
    if (const registry::Service* service = snapshot.find(name)) look(name, move, *service, now_ms);
  }
}

void Rebalancer::look(const std::string& name, Move& move, const registry::Service& service,
                      std::uint64_t now_ms) {
  const std::vector<Surplus> surplus = surplus_of(service, move.rule.max_skew);
  const std::uint64_t since_ms = now_ms - std::exchange(move.seen_ms, now_ms);
  if (std::exchange(move.is_moving, !surplus.empty()) == surplus.empty()) {
    hands_.tell(name, surplus);
    move.credit = 0;
  } else {
    const double a_look = move.rule.rate * (double(kLookEveryMs) / 1000);
    move.credit =
        std::min(move.credit + move.rule.rate * (double(since_ms) / 1000), std::max(1.0, a_look));
  }
  if (surplus.empty() || move.credit < 1 || move.is_asking) return;
  move.is_asking = true;
  Lives lives;
  for (const Surplus& each : surplus) lives.push_back(each.live);
  hands_.find(
      std::move(lives), static_cast<std::uint64_t>(move.rule.quiet_for.count()),
      static_cast<std::size_t>(move.credit),
      [this, alive = std::weak_ptr<bool>(alive_), name, surplus](std::vector<QuietOne> quiet) {
        if (!alive.expired()) close(name, surplus, std::move(quiet));
      });
}

void Rebalancer::close(const std::string& name, const std::vector<Surplus>& surplus,
                       std::vector<QuietOne> quiet) {
  const auto found = moves_.find(name);
  if (found == moves_.end()) return;
  Move& move = found->second;
  move.is_asking = false;
  for (const QuietOne& one :
       choose_quietest(std::move(quiet), surplus, static_cast<std::size_t>(move.credit))) {
    move.credit -= 1;
    hands_.close(one, static_cast<std::uint64_t>(move.rule.quiet_for.count()));
  }
}

}  // namespace sluice
