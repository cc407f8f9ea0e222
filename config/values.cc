#include "config/values.h"

#include <algorithm>
#include <array>
#include <limits>

#include "config/nearest.h"
#include "config/printable.h"
#include "config/units.h"

namespace sluice::config {
namespace {

// For the parse functions of units.h, which all speak alike.
template <class Field, class Parse>
bool read_parsed(const Site& site, std::string_view expected, Field& field, Parse parse) {
  const std::string* const text = read_scalar(site, expected);
  if (text == nullptr) return false;
  std::string why;
  const auto value = parse(*text, why);
  if (!value) {
    site.error(why);
    return false;
  }
  field = static_cast<Field>(*value);
  return true;
}

template <class Number>
bool read_number(const Site& site, Number& field) {
  return read_parsed(site, "a number", field, [](std::string_view text, std::string& why) {
    return parse_whole(text, std::numeric_limits<Number>::max(), why);
  });
}

// What YAML 1.1 would have made true or false.
std::string_view meant_by(std::string_view text) {
  std::string lower(text.substr(0, 8));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr auto kYes = std::to_array<std::string_view>({"yes", "y", "on", "true", "1"});
  constexpr auto kNo = std::to_array<std::string_view>({"no", "n", "off", "false", "0"});
  if (std::ranges::find(kYes, lower) != kYes.end()) return "true";
  if (std::ranges::find(kNo, lower) != kNo.end()) return "false";
  return {};
}

bool expect(const Site& site, Node::Kind kind, std::string_view expected) {
  const Node::Kind found = site.node().kind;
  if (found == kind || found == Node::Kind::null) return true;
  site.error("expected " + std::string(expected) + ", found " + std::string(word(found)));
  return false;
}

}  // namespace

const std::string* read_scalar(const Site& site, std::string_view expected) {
  const Node& node = site.node();
  if (node.kind == Node::Kind::scalar && node.text.find('\0') != std::string::npos) {
    site.error("holds a NUL byte");
    return nullptr;
  }
  if (node.kind == Node::Kind::scalar) return &node.text;
  if (node.kind == Node::Kind::null) {
    site.error("has no value; write " + std::string(expected) + ", or leave the key out");
  } else {
    site.error("expected " + std::string(expected) + ", found " + std::string(word(node.kind)));
  }
  return nullptr;
}

bool expect_list(const Site& site) {
  return expect(site, Node::Kind::list, "a list");
}

bool expect_map(const Site& site) {
  if (!expect(site, Node::Kind::map, "a map of keys")) return false;
  std::vector<std::pair<std::string_view, std::size_t>> keys;
  for (std::size_t i = 0; 2 * i + 1 < site.node().children.size(); ++i) {
    const Site key = site.key_at(i);
    if (key.node().kind == Node::Kind::scalar) {
      keys.emplace_back(key.node().text, i);
    } else if (key.is_readable()) {
      key.error("a key must be a text, found " + std::string(word(key.node().kind)));
    }
  }
  std::ranges::sort(keys);
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first != keys[i - 1].first) continue;
    site.key_at(keys[i].second).error("duplicate key " + in_quotes(keys[i].first));
  }
  return true;
}

bool read(const Site& site, bool& field) {
  const std::string* const text = read_scalar(site, "true or false");
  if (text == nullptr) return false;
  if (*text == "true" || *text == "false") {
    field = *text == "true";
    return true;
  }
  const std::string_view meant = meant_by(*text);
  site.error(in_quotes(*text) + (meant.empty() ? " is neither true nor false"
                                               : " is not accepted; write " + std::string(meant)));
  return false;
}

bool read(const Site& site, std::uint16_t& field) {
  return read_number(site, field);
}
bool read(const Site& site, std::uint32_t& field) {
  return read_number(site, field);
}

bool read(const Site& site, double& field) {
  return read_parsed(site, "a number", field, parse_decimal);
}

bool read(const Site& site, std::string& field) {
  const std::string* const text = read_scalar(site, "a text");
  if (text == nullptr) return false;
  field = *text;
  return true;
}

bool read(const Site& site, Duration& field) {
  return read_parsed(site, "a duration", field, parse_duration);
}

bool read(const Site& site, Bytes& field) {
  return read_parsed(site, "a size", field, parse_bytes);
}

bool read(const Site& site, StatusRange& field) {
  return read_parsed(site, "a status code or a range", field, parse_status);
}

bool read(const Site& site, AutoCount& field) {
  const std::string* const text = read_scalar(site, "a number or auto");
  if (text == nullptr) return false;
  if (*text == "auto") {
    field.count.reset();
    return true;
  }
  std::uint32_t count = 0;
  if (!read(site, count)) return false;
  field.count = count;
  return true;
}

bool read(const Site& site, Labels& field) {
  if (!expect_map(site)) return false;
  const Node& node = site.node();
  Labels labels;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const std::string& name = node.children[i].text;
    const Site value = site.key(name);
    std::string text;
    if (value.is_said() && value.is_readable() && read(value, text)) labels.emplace(name, text);
  }
  field = std::move(labels);
  return true;
}

std::optional<std::size_t> read_word(const Site& site, std::span<const std::string_view> now,
                                     std::span<const std::string_view> later) {
  const std::string* const text = read_scalar(site, "one of " + listed(now));
  if (text == nullptr) return std::nullopt;
  const auto found = std::ranges::find(now, std::string_view(*text));
  if (found != now.end()) return static_cast<std::size_t>(found - now.begin());
  if (std::ranges::find(later, std::string_view(*text)) != later.end()) {
    site.error(in_quotes(*text) + " is not available in this version, which has " + listed(now));
  } else {
    site.error(in_quotes(*text) + " is not one of " + listed(now) + "; the nearest is \"" +
               std::string(nearest(*text, now)) + '"');
  }
  return std::nullopt;
}

}  // namespace sluice::config
