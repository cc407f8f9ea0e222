#include "proxy/balance/cursor.h"

#include <cassert>

namespace sluice::balance {

Cursor::Cursor(std::uint32_t worker, std::uint64_t seed)
    : starts_at_the_beginning_(worker == 0), random_(seed), place_(worker == 0 ? 0 : seed) {}

Cursor Cursor::seeded(std::uint32_t worker) {
  std::random_device kernel;
  return Cursor(worker, std::uint64_t{kernel()} << 32 | kernel());
}

std::uint64_t Cursor::random() {
  return random_();
}

std::uint64_t Cursor::random_below(std::uint64_t n) {
  assert(n > 0);
  return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_);
}

std::uint64_t Cursor::head_start(std::uint64_t limit) {
  return starts_at_the_beginning_ ? 0 : random_below(limit);
}

}  // namespace sluice::balance
