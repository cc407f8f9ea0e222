#include "proxy/balance/maglev.h"

#include <xxhash.h>

#include <string>
#include <utility>

#include "proxy/balance/maglev_table.h"

namespace sluice::balance {
namespace {

// As Envoy writes an address: a unix socket is its bare path.
std::string key_of(const config::Endpoint& address) {
  return address.family == config::Endpoint::Family::unix_path ? *address.path : address.text();
}

std::vector<std::uint32_t> build_table(const std::vector<Candidate>& candidates) {
  std::vector<MaglevBackend> backends;
  backends.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    backends.push_back({key_of(candidate.live->identity.address), candidate.weight});
  }
  return build_maglev_table(backends);
}

}  // namespace

Maglev::Maglev(std::vector<Candidate> candidates, const config::Hash& config)
    : Keyed(std::move(candidates), config), table_(build_table(this->candidates())) {}

std::uint64_t Maglev::hash(std::string_view key) const {
  return XXH64(key.data(), key.size(), 0);
}

std::size_t Maglev::slots() const {
  return table_.size();
}

std::size_t Maglev::slot_of(std::uint64_t hash) const {
  return hash % table_.size();
}

std::uint32_t Maglev::owner_of(std::size_t slot) const {
  return table_[slot];
}

}  // namespace sluice::balance
