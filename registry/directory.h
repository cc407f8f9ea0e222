// Immutable things by name, of which two versions share all but what differs between them: the
// services of a snapshot, the instances of a service, the upstreams of a plan.
//
// Pages in order, each shared by all versions that have it as it is. A copy costs one count a page,
// a change a copy of one page: with 10 000 names some hundred pointers, where a map of the standard
// library would be built anew.
//
// A value; immutable once it is shared, and then read on any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::registry {

// `Name`: the member of T, a std::string, that holds it; or a function that answers it.
template <class T, auto Name>
class Directory {
 public:
  using Pointer = std::shared_ptr<const T>;  // never null in here

  struct Edit {
    std::string_view name;
    Pointer value;  // null: there is none of that name any more
  };
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Pointer;
    using difference_type = std::ptrdiff_t;
    using pointer = const Pointer*;
    using reference = const Pointer&;

    Iterator() = default;
    reference operator*() const { return (*of_->pages_[page_])[place_]; }
    Iterator& operator++() {
      if (++place_ == of_->pages_[page_]->size()) turn();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Directory;
    Iterator(const Directory& of, std::size_t page) : of_(&of), page_(page) {}
    void turn() {
      ++page_;
      place_ = 0;
    }
    const Directory* of_ = nullptr;
    std::size_t page_ = 0;
    std::size_t place_ = 0;
  };

  Iterator begin() const { return {*this, 0}; }  // in the order of their names
  Iterator end() const { return {*this, pages_.size()}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  Pointer find(std::string_view name) const {  // null: none
    if (pages_.empty()) return nullptr;
    const Page& page = *pages_[page_of(name)];
    const auto at = std::ranges::lower_bound(page, name, {}, view_of);
    return at != page.end() && name_of(*at) == name ? *at : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  // In the place of the one of its name, if there is one.
  void put(const Pointer& value) {
    const Edit edit{name_of(value), value};
    apply({&edit, 1});
  }
  void erase(std::string_view name) {
    const Edit edit{name, nullptr};
    apply({&edit, 1});
  }

  // All of them, in the order of their names, of which none comes twice. Each page that is
  // concerned is copied once.
  void apply(std::span<const Edit> edits) {
    while (!edits.empty()) {
      if (pages_.empty()) pages_.push_back(std::make_shared<const Page>());
      const std::size_t page = page_of(edits.front().name);
      const std::size_t count = count_on(page, edits);
      replace(page, merge(*pages_[page], edits.first(count)));
      edits = edits.subspan(count);
    }
  }

  // Calls visit(name) for each that is not the same object in `before`, those that are in one of
  // the two alone included. What both share costs a step a page.
  template <class Visit>
  void differences(const Directory& before, Visit visit) const {
    Iterator mine = begin();
    Iterator theirs = before.begin();
    while (mine != end() || theirs != before.end()) {
      if (mine == end()) {
        visit(name_of(*theirs));
        ++theirs;
      } else if (theirs == before.end()) {
        visit(name_of(*mine));
        ++mine;
      } else if (mine.place_ == 0 && theirs.place_ == 0 &&
                 pages_[mine.page_] == before.pages_[theirs.page_]) {
        mine.turn();
        theirs.turn();
      } else {
        const int order = name_of(*mine).compare(name_of(*theirs));
        if (order != 0 || *mine != *theirs) visit(name_of(order <= 0 ? *mine : *theirs));
        if (order <= 0) ++mine;
        if (order >= 0) ++theirs;
      }
    }
  }

 private:
  using Page = std::vector<Pointer>;  // never empty, but for the moment of the first edit
  static constexpr std::size_t kMostOnPage = 64;

  static const std::string& name_of(const Pointer& value) { return std::invoke(Name, *value); }
  static std::string_view view_of(const Pointer& value) { return name_of(value); }
  auto at(std::size_t page) { return pages_.begin() + static_cast<std::ptrdiff_t>(page); }

  // The last page whose first name is not above this one, or the first page: where it belongs.
  std::size_t page_of(std::string_view name) const {
    if (pages_.size() == 1) return 0;
    const auto after = std::ranges::upper_bound(
        pages_, name, {}, [](const auto& page) { return view_of(page->front()); });
    return after == pages_.begin() ? 0 : static_cast<std::size_t>(after - pages_.begin()) - 1;
  }

  // How many of the edits, the first of which belongs on the page, do.
  std::size_t count_on(std::size_t page, std::span<const Edit> edits) const {
    if (page + 1 == pages_.size()) return edits.size();
    const auto end = std::ranges::lower_bound(
        edits, std::string_view(name_of(pages_[page + 1]->front())), {}, &Edit::name);
    return static_cast<std::size_t>(end - edits.begin());
  }

  static Page merge(const Page& page, std::span<const Edit> edits) {
    Page merged;
    merged.reserve(page.size() + edits.size());
    auto old = page.begin();
    for (const Edit& edit : edits) {
      for (; old != page.end() && name_of(*old) < edit.name; ++old) merged.push_back(*old);
      if (old != page.end() && name_of(*old) == edit.name) ++old;
      if (edit.value != nullptr) merged.push_back(edit.value);
    }
    merged.insert(merged.end(), old, page.end());
    return merged;
  }

  // By as many pages as it takes, each of its very size: most of them stay as they are.
  void replace(std::size_t page, Page by) {
    size_ += by.size() - pages_[page]->size();
    const std::size_t count = (by.size() + kMostOnPage - 1) / kMostOnPage;
    std::vector<std::shared_ptr<const Page>> pages;
    for (std::size_t i = 0; i < count; ++i) {
      const auto end_of = [&](std::size_t n) {
        return std::move_iterator(by.begin() + static_cast<std::ptrdiff_t>(by.size() * n / count));
      };
      pages.push_back(std::make_shared<const Page>(end_of(i), end_of(i + 1)));
    }
    pages_.insert(pages_.erase(at(page)), pages.begin(), pages.end());
  }

  std::vector<std::shared_ptr<const Page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace sluice::registry
