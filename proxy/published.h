// The newest version of an immutable value, for readers on other threads than its writer's. Not for
// the data path: a mutex guards the pointer (workers get theirs through net::Latest).
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace sluice {

template <class T>
class Published {
 public:
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);  // the old one goes after the lock
  }
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace sluice
