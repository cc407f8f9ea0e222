#include "proxy/balance/ketama.h"

#include <utility>

namespace sluice::balance {
namespace {

KetamaRing build_ring(const std::vector<Candidate>& candidates, std::uint32_t points) {
  std::vector<KetamaRing::Server> servers;
  servers.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    servers.push_back({KetamaRing::name_of(candidate.live->identity.address), candidate.weight});
  }
  return KetamaRing(servers, points);
}

}  // namespace

Ketama::Ketama(std::vector<Candidate> candidates, const config::Hash& config)
    : Keyed(std::move(candidates), config), ring_(build_ring(this->candidates(), config.points)) {}

std::uint64_t Ketama::hash(std::string_view key) const {
  return KetamaRing::hash(key);
}

std::size_t Ketama::slots() const {
  return ring_.size();
}

std::size_t Ketama::slot_of(std::uint64_t hash) const {
  return ring_.find(static_cast<std::uint32_t>(hash));
}

std::uint32_t Ketama::owner_of(std::size_t slot) const {
  return ring_.server(slot);
}

}  // namespace sluice::balance
