// Immutable things by name, of which two versions share all but what differs between them: the
// services of a snapshot, the upstreams of a plan.
//
// Pages in order, each shared by all versions that have it as it is. A copy costs one count a page,
// a change a copy of one page: with 10 000 names some hundred pointers, where a map of the standard
// library would be built anew.
//
// A value; immutable once it is shared, and then read on any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::registry {

// `Name`: the member of T, a std::string, that holds it.
template <class T, auto Name>
class Directory {
 public:
  using Pointer = std::shared_ptr<const T>;  // never null in here

  struct Item {
    const std::string& name;
    const Pointer& value;
  };
  class Iterator {
   public:
    Item operator*() const {
      const Pointer& value = (*of_->pages_[page_])[place_];
      return {(*value).*Name, value};
    }
    Iterator& operator++() {
      if (++place_ == of_->pages_[page_]->size()) turn();
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Directory;
    Iterator(const Directory& of, std::size_t page) : of_(&of), page_(page) {}
    void turn() {
      ++page_;
      place_ = 0;
    }
    const Directory* of_;
    std::size_t page_;
    std::size_t place_ = 0;
  };

  Iterator begin() const { return {*this, 0}; }  // in the order of their names
  Iterator end() const { return {*this, pages_.size()}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  Pointer find(std::string_view name) const {  // null: none
    if (pages_.empty()) return nullptr;
    const Page& page = *pages_[page_of(name)];
    const auto at = place_in(page, name);
    return at != page.end() && name_of(*at) == name ? *at : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  // In the place of the one of its name, if there is one.
  void put(Pointer value) {
    if (pages_.empty()) pages_.push_back(std::make_shared<const Page>());
    const std::size_t page = page_of(name_of(value));
    Page copy = copy_of(page);
    const auto at = place_in(copy, name_of(value));
    if (at != copy.end() && name_of(*at) == name_of(value)) {
      *at = std::move(value);
    } else {
      copy.insert(at, std::move(value));
      ++size_;
    }
    replace(page, std::move(copy));
  }

  void erase(std::string_view name) {
    if (!contains(name)) return;
    const std::size_t page = page_of(name);
    Page copy = copy_of(page);
    copy.erase(place_in(copy, name));
    --size_;
    if (copy.empty()) {
      pages_.erase(at(page));
    } else {
      replace(page, std::move(copy));
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
        visit((*theirs).name);
        ++theirs;
      } else if (theirs == before.end()) {
        visit((*mine).name);
        ++mine;
      } else if (mine.place_ == 0 && theirs.place_ == 0 &&
                 pages_[mine.page_] == before.pages_[theirs.page_]) {
        mine.turn();
        theirs.turn();
      } else {
        const int order = (*mine).name.compare((*theirs).name);
        if (order != 0 || (*mine).value != (*theirs).value) {
          visit(order <= 0 ? (*mine).name : (*theirs).name);
        }
        if (order <= 0) ++mine;
        if (order >= 0) ++theirs;
      }
    }
  }

 private:
  using Page = std::vector<Pointer>;  // never empty, but for the moment of the first put()
  static constexpr std::size_t kMostOnPage = 64;

  static std::string_view name_of(const Pointer& value) { return (*value).*Name; }
  static auto place_in(auto& page, std::string_view name) {
    return std::ranges::lower_bound(page, name, {}, name_of);
  }
  auto at(std::size_t page) { return pages_.begin() + static_cast<std::ptrdiff_t>(page); }

  // The last page whose first name is not above this one, or the first page: where it belongs.
  std::size_t page_of(std::string_view name) const {
    if (pages_.size() == 1) return 0;
    const auto after = std::ranges::upper_bound(
        pages_, name, {}, [](const auto& page) { return name_of(page->front()); });
    return after == pages_.begin() ? 0 : static_cast<std::size_t>(after - pages_.begin()) - 1;
  }

  Page copy_of(std::size_t page) const {
    Page copy;
    copy.reserve(pages_[page]->size() + 1);
    copy = *pages_[page];
    return copy;
  }

  void replace(std::size_t page, Page by) {
    if (by.size() > kMostOnPage) {
      const auto half = by.begin() + static_cast<std::ptrdiff_t>(by.size() / 2);
      pages_.insert(at(page) + 1, std::make_shared<const Page>(half, by.end()));
      by.erase(half, by.end());
    }
    *at(page) = std::make_shared<const Page>(std::move(by));
  }

  std::vector<std::shared_ptr<const Page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace sluice::registry
