#include "proxy/log/ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::log {

Ring::Ring(std::size_t bytes)
    : size_(std::bit_ceil(std::max(bytes, sizeof(Length)))),
      bytes_(std::make_unique<char[]>(size_)) {}

bool Ring::push(std::string_view record) {
  const std::size_t needed = sizeof(Length) + record.size();
  if (needed > size_) return false;
  const std::size_t position = pushed_.load(std::memory_order_relaxed);
  if (position + needed - seen_popped_ > size_) {
    seen_popped_ = popped_.load(std::memory_order_acquire);
    if (position + needed - seen_popped_ > size_) return false;
  }
  const auto length = static_cast<Length>(record.size());
  copy_in(position, reinterpret_cast<const char*>(&length), sizeof length);
  copy_in(position + sizeof length, record.data(), record.size());
  pushed_.store(position + needed, std::memory_order_release);
  return true;
}

bool Ring::is_past_half() {
  const std::size_t position = pushed_.load(std::memory_order_relaxed);
  if (position - seen_popped_ <= size_ / 2) return false;
  seen_popped_ = popped_.load(std::memory_order_acquire);
  return position - seen_popped_ > size_ / 2;
}

bool Ring::pop(std::string& record) {
  const std::size_t position = popped_.load(std::memory_order_relaxed);
  if (position == seen_pushed_) {
    seen_pushed_ = pushed_.load(std::memory_order_acquire);
    if (position == seen_pushed_) return false;
  }
  Length length = 0;
  copy_out(position, reinterpret_cast<char*>(&length), sizeof length);
  record.resize(length);
  copy_out(position + sizeof length, record.data(), length);
  popped_.store(position + sizeof length + length, std::memory_order_release);
  return true;
}

bool Ring::is_empty() const {
  return popped_.load(std::memory_order_relaxed) == pushed_.load(std::memory_order_acquire);
}

void Ring::copy_in(std::size_t position, const char* from, std::size_t length) {
  const std::size_t at = position & (size_ - 1);
  const std::size_t before_end = std::min(length, size_ - at);
  std::memcpy(bytes_.get() + at, from, before_end);
  std::memcpy(bytes_.get(), from + before_end, length - before_end);
}

void Ring::copy_out(std::size_t position, char* to, std::size_t length) const {
  const std::size_t at = position & (size_ - 1);
  const std::size_t before_end = std::min(length, size_ - at);
  std::memcpy(to, bytes_.get() + at, before_end);
  std::memcpy(to + before_end, bytes_.get(), length - before_end);
}

}  // namespace sluice::log
