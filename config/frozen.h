// An immutable value that many may share: as large as a pointer, and copied as cheaply.
//
// For what most have none of, or the same as their neighbours: the empty value is a null pointer,
// and a copy is one count more. Reads like the value itself where one is expected; `*` and `->`
// everywhere else. Compared by value, pointers first.
//
// Any thread may read, copy and destroy copies of one value; assigning to one Frozen is for one
// thread at a time, as with any value.
#pragma once

#include <atomic>
#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace sluice::config {

template <class T>
class Frozen {
 public:
  Frozen() = default;
  template <class Value>
    requires(std::convertible_to<Value, T> && !std::same_as<std::remove_cvref_t<Value>, Frozen>)
  Frozen(Value&& value) {  // NOLINT(google-explicit-constructor): it stands for the value
    T made(std::forward<Value>(value));
    if (!(made == T())) node_ = new Node{std::move(made)};
  }
  Frozen(const Frozen& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) node_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  Frozen(Frozen&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Frozen& operator=(Frozen other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Frozen() {
    if (node_ != nullptr && node_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete node_;
    }
  }

  const T& operator*() const {
    static const T kEmpty{};
    return node_ != nullptr ? node_->value : kEmpty;
  }
  const T* operator->() const { return &**this; }
  operator const T&() const { return **this; }  // NOLINT(google-explicit-constructor)

  bool empty() const { return node_ == nullptr; }
  void clear() { *this = Frozen(); }
  // How many share the value, this one included; 0: it is empty. May grow or shrink meanwhile, but
  // from 1, asked by its only holder, it cannot grow.
  std::uint32_t holders() const {
    return node_ != nullptr ? node_->holders.load(std::memory_order_acquire) : 0;
  }

  friend bool operator==(const Frozen& a, const Frozen& b) {
    return a.node_ == b.node_ || *a == *b;
  }
  friend auto operator<=>(const Frozen& a, const Frozen& b) { return *a <=> *b; }
  template <class Value>
    requires(std::convertible_to<Value, T> && !std::same_as<std::remove_cvref_t<Value>, Frozen>)
  friend bool operator==(const Frozen& a, const Value& b) {
    return *a == b;
  }

 private:
  struct Node {
    const T value;
    std::atomic<std::uint32_t> holders{1};
  };
  Node* node_ = nullptr;
};

using Text = Frozen<std::string>;

}  // namespace sluice::config
