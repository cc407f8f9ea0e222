#include "proxy/balance/cursor.h"

#include <cassert>

namespace sluice::balance {

Cursor::Cursor(std::uint64_t seed) : starts_at_the_beginning_(seed == 0), random_(seed) {}

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
