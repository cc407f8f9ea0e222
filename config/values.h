// Reads one scalar of the tree into a field. Pure but for the problems it tells.
//
// Each answers whether it has filled the field; if not, the problem is in the report and the field
// is as it was.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/site.h"

namespace sluice::config {

// The text of a scalar; null, and a problem, for anything else. `expected` is what the key takes,
// for the message: "a duration".
const std::string* read_scalar(const Site& site, std::string_view expected);

// Whether the site holds a list; a map. Null counts as an empty one. A map's keys must be texts,
// each once; those that are not are told of, and are no reason to read no further.
bool expect_list(const Site& site);
bool expect_map(const Site& site);

bool read(const Site& site, bool& field);  // true | false, and no other spelling
bool read(const Site& site, std::uint16_t& field);
bool read(const Site& site, std::uint32_t& field);
bool read(const Site& site, double& field);
bool read(const Site& site, std::string& field);
bool read(const Site& site, Duration& field);
bool read(const Site& site, Bytes& field);
bool read(const Site& site, AutoCount& field);
bool read(const Site& site, StatusRange& field);
bool read(const Site& site, Labels& field);  // a map of texts

// The position of the scalar among the words of an enum.
std::optional<std::size_t> read_word(const Site& site, std::span<const std::string_view> now,
                                     std::span<const std::string_view> later);

}  // namespace sluice::config
