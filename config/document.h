// YAML text as a tree of texts with their places: the strict layer over yaml-cpp.
//
// The tree is built from the parser's events, so that whatever is refused is refused before it
// costs anything. Refused: anything but one document of UTF-8 text, anchors, aliases, tags, depth
// above kMaxDepth, more than kMaxNodes nodes, and more lines or marks than such a tree could need
// (which bounds the memory and time of the parser itself). Nothing is converted: a scalar is its
// text, and the key that it stands under decides how that text is read, quoted or not ("no" is
// never false, "010" never eight). What is plain and empty, "~" or "null", is null.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace sluice::config {

inline constexpr std::size_t kMaxNodes = 200'000;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool bad = false;  // its problem is in the report already: not to be read
  Place place;
  std::string text;            // of a scalar
  std::vector<Node> children;  // of a list: its items; of a map: key, value, key, value, ...

  // The value under a key of a map, the first if there are several; null if there is none.
  const Node* find(std::string_view key) const;
};

// "a map", "a list", "a text", "nothing".
std::string_view word(Node::Kind kind);

// The whole text as a tree. Nothing if there is none: then `report` says why. Anchors, aliases and
// tags leave a tree whose places of theirs are `bad`.
std::optional<Node> parse_document(std::string_view text, Report& report);

}  // namespace sluice::config
