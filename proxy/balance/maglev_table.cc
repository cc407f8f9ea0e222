#include "proxy/balance/maglev_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <limits>

namespace sluice::balance {
namespace {

constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();

[[maybe_unused]] bool is_prime(std::uint32_t n) {
  if (n < 2) return false;
  for (std::uint32_t divisor = 2; std::uint64_t{divisor} * divisor <= n; ++divisor) {
    if (n % divisor == 0) return false;
  }
  return true;
}

// A backend while the table is filled.
struct Filler {
  std::uint32_t backend;
  std::uint64_t weight;
  std::uint64_t slot;  // next of its permutation
  std::uint64_t skip;
  std::uint64_t target = 0;  // its turn comes when round * weight reaches it

  // Walks its permutation to the next free slot and takes it.
  void take_slot(std::vector<std::uint32_t>& table) {
    while (table[slot] != kFree) advance(table.size());
    table[slot] = backend;
    advance(table.size());
  }
  void advance(std::uint64_t size) {
    slot += skip;
    if (slot >= size) slot -= size;
  }
};

std::vector<Filler> line_up(std::span<const MaglevBackend> backends, std::uint32_t size) {
  std::vector<Filler> fillers;
  fillers.reserve(backends.size());
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    const auto& [key, weight] = backends[i];
    if (weight == 0) continue;
    fillers.push_back({i, weight, XXH64(key.data(), key.size(), 0) % size,
                       XXH64(key.data(), key.size(), 1) % (size - 1) + 1});
  }
  std::stable_sort(fillers.begin(), fillers.end(), [&](const Filler& a, const Filler& b) {
    return backends[a.backend].key < backends[b.backend].key;
  });
  return fillers;
}

}  // namespace

std::vector<std::uint32_t> build_maglev_table(std::span<const MaglevBackend> backends,
                                              std::uint32_t size) {
  assert(is_prime(size) && size > 2);
  std::vector<Filler> fillers = line_up(backends, size);
  if (fillers.empty()) return {};
  const std::uint64_t heaviest =
      std::max_element(fillers.begin(), fillers.end(), [](const Filler& a, const Filler& b) {
        return a.weight < b.weight;
      })->weight;

  std::vector<std::uint32_t> table(size, kFree);
  std::uint32_t taken = 0;
  for (std::uint64_t round = 1; taken < size; ++round) {
    for (Filler& filler : fillers) {
      if (round * filler.weight < filler.target) continue;
      filler.target += heaviest;
      filler.take_slot(table);
      if (++taken == size) break;
    }
  }
  return table;
}

}  // namespace sluice::balance
