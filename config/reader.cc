#include "config/reader.h"

#include <algorithm>

#include "config/nearest.h"
#include "config/printable.h"
#include "config/unavailable.h"

namespace sluice::config {
namespace {

std::string why_refused(const Site& key, const std::vector<std::string_view>& known) {
  const Node& node = key.node();
  if (node.text == "<<") return "a merge key (\"<<\") is not accepted; write the keys out";
  if (const auto why = why_unavailable(key.path()); !why.empty())
    return in_quotes(node.text) + ' ' + std::string(why);
  return "unknown key " + in_quotes(node.text) + "; the nearest known one is \"" +
         std::string(nearest(node.text, known)) + '"';
}

}  // namespace

std::optional<Site> Reader::take(std::string_view name) {
  known_.push_back(name);
  Site value = site_.key(name);
  if (value.is_readable()) return value;
  if (value.is_said()) value.close();
  return std::nullopt;
}

void Reader::one_or_list(std::string_view name, std::vector<std::string>& texts) {
  const auto value = take(name);
  if (!value) return;
  if (value->node().kind == Node::Kind::scalar) {
    texts.resize(1);
    if (!read(*value, texts.front())) value->close();
  } else if (!read(*value, texts)) {
    value->close();
  }
}

void Reader::refuse_the_rest() const {
  const Node& map = site_.node();
  for (std::size_t i = 0; 2 * i + 1 < map.children.size() && site_.has_room(); ++i) {
    const Site key = site_.key_at(i);
    const Node& node = key.node();
    if (node.kind != Node::Kind::scalar || node.bad) continue;  // expect_map() has told
    if (std::ranges::find(known_, node.text) == known_.end()) key.error(why_refused(key, known_));
  }
}

}  // namespace sluice::config
