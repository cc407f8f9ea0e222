// The Maglev table, as Envoy builds it.
//
// Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016),
// listing 1, with Envoy's weights: every backend has a permutation of the slots, (offset + j *
// skip) mod size with offset = XXH64(key, 0) mod size and skip = XXH64(key, 1) mod (size - 1) + 1;
// backends take their next free slot in rounds, in order of their keys, the heaviest in each round
// and the others in proportion. Everybody's share is right within about one slot, and a backend
// less disturbs few slots of the others.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::balance {

inline constexpr std::uint32_t kMaglevSlots = 65537;

struct MaglevBackend {
  std::string key;  // Envoy: the address in text, "10.0.0.1:80"
  std::uint32_t weight = 1;
};

// Each slot's owner, a place in the list of backends; empty if nobody has a weight. The order of
// the list does not matter. Backends beyond the number of slots may end up with none. Requires:
// size is a prime, so that every permutation reaches every slot.
std::vector<std::uint32_t> build_maglev_table(std::span<const MaglevBackend> backends,
                                              std::uint32_t size = kMaglevSlots);

}  // namespace sluice::balance
