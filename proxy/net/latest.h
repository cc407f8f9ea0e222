// Hand-over between threads without locks.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::net {

// One value, newest wins: put() replaces what has not been taken yet. One atomic exchange each way;
// any thread may put, one thread takes.
template <class T>
class Latest {
 public:
  Latest() = default;
  ~Latest() { delete slot_.load(std::memory_order_acquire); }
  Latest(const Latest&) = delete;
  Latest& operator=(const Latest&) = delete;

  void put(T value) { delete slot_.exchange(new T(std::move(value)), std::memory_order_acq_rel); }
  std::unique_ptr<T> take() {  // null: nothing new
    return std::unique_ptr<T>(slot_.exchange(nullptr, std::memory_order_acq_rel));
  }

 private:
  std::atomic<T*> slot_{nullptr};
};

// Many values, none lost: any thread posts, one thread takes them all, oldest first. A stack that
// is taken whole and turned round (Treiber 1986), so there is nothing to go wrong with reuse of
// nodes.
template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox() { take_all(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(T value) {
    auto* node = new Node{std::move(value), head_.load(std::memory_order_relaxed)};
    while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
  }
  std::vector<T> take_all() {
    Node* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    std::size_t count = 0;
    while (newest != nullptr) {
      Node* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
      ++count;
    }
    std::vector<T> values;
    values.reserve(count);
    while (oldest != nullptr) {
      values.push_back(std::move(oldest->value));
      delete std::exchange(oldest, oldest->next);
    }
    return values;
  }

 private:
  struct Node {
    T value;
    Node* next;
  };
  std::atomic<Node*> head_{nullptr};
};

}  // namespace sluice::net
