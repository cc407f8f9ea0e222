#include "proxy/skew.h"

#include <algorithm>
#include <cmath>

namespace sluice {

namespace {

struct Sharer {
  const registry::Instance* instance;
  std::uint32_t connections;
  double weight;
};

std::vector<Sharer> sharers_of(const registry::Service& service) {
  std::vector<Sharer> sharers;
  std::uint32_t priority = UINT32_MAX;
  for (const auto& instance : service.instances) {
    const registry::Live& live = *instance->live;
    const bool is_eligible =
        live.verdict.load(std::memory_order_relaxed) == registry::Verdict::eligible;
    if (!is_eligible || instance->weight == 0 || instance->priority > priority) continue;
    if (instance->priority < priority) sharers.clear();
    priority = instance->priority;
    sharers.push_back({instance.get(), live.active.load(std::memory_order_relaxed),
                       double(instance->weight) * live.warmth.load(std::memory_order_relaxed)});
  }
  return sharers;
}

}  // namespace

std::vector<Surplus> surplus_of(const registry::Service& service, double max_skew) {
  const std::vector<Sharer> sharers = sharers_of(service);
  double connections = 0;
  double weights = 0;
  for (const Sharer& sharer : sharers) {
    connections += sharer.connections;
    weights += sharer.weight;
  }
  std::vector<Surplus> surplus;
  for (const Sharer& sharer : sharers) {
    const double share = connections * sharer.weight / weights;
    // A hair less, for a bound that is a whole number but for how it was computed.
    const double bound = std::ceil(share * (1 + max_skew) - 1e-9);
    const auto allowed = static_cast<std::uint32_t>(std::clamp(bound, 1.0, 4e9));
    if (sharer.connections > allowed) {
      surplus.push_back({sharer.instance->live, sharer.connections, allowed});
    }
  }
  return surplus;
}

}  // namespace sluice
