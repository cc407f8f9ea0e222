#include "proxy/admin/orders.h"

#include <algorithm>
#include <utility>

namespace sluice::admin {

void Orders::place(std::string name, Page page, const Responder& reader) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    forget_unread();
    const auto same = std::ranges::find_if(
        orders_, [&](const Order& order) { return !name.empty() && order.name == name; });
    if (same != orders_.end()) return same->readers.push_back(reader);
    orders_.push_back({std::move(name), std::move(page), {reader}});
  }
  changed_.notify_one();
}

void Orders::forget_unread() {
  for (Order& order : orders_) {
    std::erase_if(order.readers, [](const Responder& reader) { return !reader.is_awaited(); });
  }
  std::erase_if(orders_, [](const Order& order) { return order.readers.empty(); });
}

std::optional<Order> Orders::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_ || !orders_.empty(); });
  if (is_closed_) return std::nullopt;
  Order oldest = std::move(orders_.front());
  orders_.pop_front();
  return oldest;
}

void Orders::close() {
  std::deque<Order> dropped;  // after the lock
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    dropped.swap(orders_);
  }
  changed_.notify_one();
}

}  // namespace sluice::admin
