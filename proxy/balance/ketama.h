// Policy `hash`: consistent hashing of the key on nginx's ketama ring (see ketama_ring.h, keyed.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/balance/ketama_ring.h"
#include "proxy/balance/keyed.h"

namespace sluice::balance {

class Ketama final : public Keyed {
 public:
  Ketama(std::vector<Candidate> candidates, const config::Hash& config);

 private:
  std::uint64_t hash(std::string_view key) const override;
  std::size_t slots() const override;
  std::size_t slot_of(std::uint64_t hash) const override;
  std::uint32_t owner_of(std::size_t slot) const override;

  const KetamaRing ring_;
};

}  // namespace sluice::balance
