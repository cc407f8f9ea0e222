// The visitor that fills a Config from the tree: every key of the schema once, and every key of the
// file must be one of them. See schema.h for what a visitor is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/schema.h"
#include "config/site.h"
#include "config/values.h"
#include "config/words.h"

namespace sluice::config {

// Reads the keys of one section. Keys that the file does not say leave their fields as they were.
class Reader {
 public:
  explicit Reader(const Site& site) : site_(site) {}

  template <class F>
  void operator()(std::string_view name, F& field);
  void one_or_list(std::string_view name, std::vector<std::string>& texts);
  template <class T>
  void inheriting(std::string_view name, std::vector<T>& list, const T& defaults);

  // Tells of every key that no call has named: unknown, or not available.
  void refuse_the_rest() const;

 private:
  // The value of a key if it can be read. Every key of the schema passes here.
  std::optional<Site> take(std::string_view name);

  Site site_;
  std::vector<std::string_view> known_;
};

// --- Lists and sections, made of what values.h reads. Each answers like those.

template <class E>
  requires std::is_enum_v<E>
bool read(const Site& site, E& field) {
  const auto index = read_word(site, Words<E>::kNow, Words<E>::kLater);
  if (index) field = static_cast<E>(*index);
  return index.has_value();
}

template <Section T>
bool read(const Site& site, T& section) {
  if (!expect_map(site)) return false;
  Reader reader(site);
  section.fields(reader);
  reader.refuse_the_rest();
  return true;
}

// An address alone stands for an instance.
inline bool read(const Site& site, Instance& instance) {
  if (site.node().kind == Node::Kind::scalar) return read(site, instance.address);
  return read<Instance>(site, instance);
}

template <class T>
bool read(const Site& site, std::optional<T>& field) {
  T value{};
  if (!read(site, value)) return false;
  field = std::move(value);
  return true;
}

// Every item begins as `start`.
template <class T>
bool read_list(const Site& site, std::vector<T>& list, const T& start) {
  if (!expect_list(site)) return false;
  list.clear();
  for (std::size_t i = 0; i < site.node().children.size(); ++i) {
    const Site item = site.item(i);
    list.push_back(start);
    if (!item.is_readable() || !read(item, list.back())) item.close();
  }
  return true;
}

template <class T>
bool read(const Site& site, std::vector<T>& list) {
  return read_list(site, list, T{});
}

// What a listener or a service begins as: the defaults without the sections that are resolved when
// a connection needs them (config.h, resolve_timeouts() and its like).
template <class T>
T heir(const T& defaults) {
  T start = defaults;
  start.timeouts = {};
  start.tcp = {};
  start.relay = {};
  return start;
}

template <class F>
void Reader::operator()(std::string_view name, F& field) {
  if (const auto value = take(name); value && !read(*value, field)) value->close();
}

template <class T>
void Reader::inheriting(std::string_view name, std::vector<T>& list, const T& defaults) {
  const auto value = take(name);
  if (value && !read_list(*value, list, heir(defaults))) value->close();
}

}  // namespace sluice::config
