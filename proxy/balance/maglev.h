// Policy `maglev`: consistent hashing by table, XXH64 of the key modulo 65537 (see maglev_table.h,
// keyed.h). Evener than a ring and one memory access a lookup; a membership change moves a few keys
// (under 1 %) besides those it must.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/balance/keyed.h"

namespace sluice::balance {

class Maglev final : public Keyed {
 public:
  Maglev(std::vector<Candidate> candidates, const config::Hash& config);

 private:
  std::uint64_t hash(std::string_view key) const override;
  std::size_t slots() const override;
  std::size_t slot_of(std::uint64_t hash) const override;
  std::uint32_t owner_of(std::size_t slot) const override;

  const std::vector<std::uint32_t> table_;
};

}  // namespace sluice::balance
