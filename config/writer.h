// The visitor that turns a Config into JSON values, from which all of its texts are made. See
// schema.h for what a visitor is. Keys keep the order of the schema.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/schema.h"
#include "config/units.h"
#include "config/words.h"

namespace sluice::config {

using Json = nlohmann::ordered_json;

inline Json json(bool value) {
  return value;
}
inline Json json(std::uint16_t value) {
  return value;
}
inline Json json(std::uint32_t value) {
  return value;
}
inline Json json(double value) {
  return value;
}
inline Json json(const std::string& value) {
  return value;
}
inline Json json(Duration value) {
  return text(value);
}
inline Json json(Bytes value) {
  return text(value);
}
inline Json json(StatusRange value) {
  return text(value);
}

inline Json json(const AutoCount& value) {
  return value.count ? Json(*value.count) : Json("auto");
}

inline Json json(const Labels& labels) {
  Json out = Json::object();
  for (const auto& [key, value] : labels) out[key] = value;
  return out;
}

template <class E>
  requires std::is_enum_v<E>
Json json(E value) {
  return word(value);
}

template <Section T>
Json json(const T& section);

template <class T>
Json json(const std::vector<T>& list) {
  Json out = Json::array();
  for (const T& item : list) out.push_back(json(item));
  return out;
}

class Writer {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    if constexpr (Section<T>) {
      Json section = json(value);
      // Nothing said in it: neither is the section.
      if (!section.empty()) put(name, std::move(section));
    } else {
      put(name, json(value));
    }
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) put(name, json(*value));
  }
  void one_or_list(std::string_view name, const std::vector<std::string>& texts) {
    put(name, json(texts));
  }
  template <class T>
  void inheriting(std::string_view name, const std::vector<T>& list, const T&) {
    put(name, json(list));
  }

  Json take() { return std::move(out_); }

 private:
  void put(std::string_view name, Json value) { out_[std::string(name)] = std::move(value); }

  Json out_ = Json::object();
};

template <Section T>
Json json(const T& section) {
  Writer writer;
  walk_const(section, writer);
  return writer.take();
}

inline Json json(const Config& config) {
  Writer writer;
  walk_const(config, writer);
  return writer.take();
}

}  // namespace sluice::config
