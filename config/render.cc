#include "config/render.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/substitute.h"
#include "config/writer.h"

namespace sluice::config {
namespace {

// --- YAML. Lists of plain texts stand in one line, everything else on lines of its own.

bool is_word(std::string_view text) {
  constexpr auto kMeantOtherwise = std::to_array<std::string_view>(
      {"null", "true", "false", "yes", "no", "on", "off", "y", "n"});
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/';
  };
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && std::ranges::all_of(text, is_plain) &&
         std::ranges::find(kMeantOtherwise, text) == kMeantOtherwise.end();
}

// "30s", "64KiB": digits and a unit, which no reader of YAML takes for a number.
bool is_quantity(std::string_view text) {
  std::string why;
  return text.find('.') == std::string_view::npos &&
         text.find_first_not_of("0123456789") != text.npos &&
         (parse_duration(text, why) || parse_bytes(text, why));
}

// A JSON text is a double-quoted YAML one, but for DEL, which YAML does not take as it is.
std::string double_quoted(const std::string& text) {
  std::string out;
  for (const char c : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '\x7f') {
      out += "\\x7f";
    } else {
      out += c;
    }
  }
  return out;
}

std::string scalar(const Json& value) {
  if (value.is_number_float()) return text(value.get<double>());
  if (!value.is_string()) return value.dump();
  const auto& string = value.get_ref<const std::string&>();
  if (is_word(string) || is_quantity(string)) return string;
  return double_quoted(escape_substitution(string));
}

std::string key_text(const std::string& key) {
  return is_word(key) ? key : double_quoted(key);
}

std::string flow_list(const Json& list) {
  std::string out = "[";
  for (const Json& item : list) {
    if (out.size() > 1) out += ", ";
    out += scalar(item);
  }
  return out + ']';
}

bool is_inline(const Json& value) {
  return !value.is_structured() || value.empty() || (value.is_array() && !value[0].is_structured());
}

std::string inline_text(const Json& value) {
  if (!value.is_structured()) return scalar(value);
  return value.is_object() ? "{}" : flow_list(value);
}

void write_map(const Json& map, const std::string& indent, std::string& out);

void write_list(const Json& list, const std::string& indent, std::string& out) {
  for (const Json& item : list) {
    const std::size_t start = out.size();
    write_map(item, indent + "  ", out);
    out[start + indent.size()] = '-';
  }
}

void write_map(const Json& map, const std::string& indent, std::string& out) {
  for (const auto& [key, value] : map.items()) {
    out += indent + key_text(key) + ':';
    if (is_inline(value)) {
      out += ' ' + inline_text(value) + '\n';
    } else {
      out += '\n';
      (value.is_array() ? write_list : write_map)(value, indent + "  ", out);
    }
  }
}

// --- The diff of two such values.

// What an item of a list is known by, as long as it has its place: its name, id or address.
std::string item_name(const Json& item) {
  for (const char* const key : {"name", "id"}) {
    if (item.contains(key)) return item[key].get<std::string>();
  }
  return {};
}

std::string leaf_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return scalar(value);
  std::string out;
  for (const Json& item : value) out += (out.empty() ? "" : ", ") + leaf_text(item);
  return '[' + out + ']';
}

// Where a listener or a route leads.
std::string target_text(const Json& item) {
  for (const char* const list : {"routes", "split"}) {
    if (item.contains(list) && !item[list].empty())
      return std::string(list) + ": " + std::to_string(item[list].size());
  }
  return item["service"].get<std::string>();
}

// An item that came or went, in one line: what it binds, whom it takes, its weight, how many
// instances it has, or its address.
std::string item_summary(const Json& item) {
  if (item.contains("bind")) return leaf_text(item["bind"]) + " -> " + target_text(item);
  if (item.contains("source")) return leaf_text(item["source"]) + " -> " + target_text(item);
  if (item.contains("service")) return "weight: " + leaf_text(item["weight"]);
  if (item.contains("instances")) return "instances: " + std::to_string(item["instances"].size());
  return item["address"].get<std::string>();
}

class Diff {
 public:
  std::vector<Difference> take() { return std::move(differences_); }

  void compare(const std::string& path, const Json& before, const Json& after) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) {
      compare_maps(path, before, after);
    } else if (is_inline(before) && is_inline(after)) {
      add(Difference::Kind::changed, path, leaf_text(before), leaf_text(after));
    } else {
      compare_lists(path, before, after);
    }
  }

 private:
  void add(Difference::Kind kind, std::string path, std::string before, std::string after) {
    differences_.push_back({kind, std::move(path), std::move(before), std::move(after)});
  }

  void compare_maps(const std::string& path, const Json& before, const Json& after) {
    const std::string prefix = path.empty() ? "" : path + '.';
    for (const auto& [key, value] : before.items()) {
      if (const auto now = after.find(key); now != after.end()) {
        compare(prefix + key, value, *now);
      } else {
        leave(Difference::Kind::removed, prefix + key, value);
      }
    }
    for (const auto& [key, value] : after.items()) {
      if (!before.contains(key)) leave(Difference::Kind::added, prefix + key, value);
    }
  }

  // A key that only one side has: a label, or a policy that only one side says.
  void leave(Difference::Kind kind, const std::string& path, const Json& value) {
    if (value.is_object() && !value.empty()) {
      for (const auto& [key, inner] : value.items()) leave(kind, path + '.' + key, inner);
      return;
    }
    const bool is_added = kind == Difference::Kind::added;
    add(kind, path, is_added ? "" : leaf_text(value), is_added ? leaf_text(value) : "");
  }

  void compare_lists(const std::string& path, const Json& before, const Json& after) {
    std::unordered_map<std::string, const Json*> now;
    for (const Json& item : after) now.emplace(item_name(item), &item);
    for (const Json& item : before) {
      const std::string name = item_name(item);
      const std::string item_path = path + '[' + name + ']';
      if (const auto found = now.find(name); found != now.end()) {
        compare(item_path, item, *found->second);
        now.erase(found);
      } else {
        add(Difference::Kind::removed, item_path, item_summary(item), "");
      }
    }
    for (const Json& item : after) {
      const std::string name = item_name(item);
      if (!now.contains(name)) continue;
      add(Difference::Kind::added, path + '[' + name + ']', "", item_summary(item));
    }
    if (path.ends_with(".routes")) compare_order(path, before, after);
  }

  // The first that matches counts, so those that stay are something else in another order.
  void compare_order(const std::string& path, const Json& before, const Json& after) {
    const auto names_in = [](const Json& list, const Json& other) {
      Json names = Json::array();
      for (const Json& item : list) {
        const auto is_same = [&](const Json& each) { return item_name(each) == item_name(item); };
        if (std::ranges::any_of(other, is_same)) names.push_back(item_name(item));
      }
      return names;
    };
    const Json were = names_in(before, after), are = names_in(after, before);
    if (were != are) add(Difference::Kind::changed, path, leaf_text(were), leaf_text(are));
  }

  std::vector<Difference> differences_;
};

}  // namespace

std::string to_yaml(const Config& config) {
  std::string out;
  write_map(json(config), "", out);
  return out;
}

std::string to_json(const Config& config) {
  return json(config).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<Difference> diff(const Config& before, const Config& after) {
  Diff diff;
  diff.compare("", json(before), json(after));
  return diff.take();
}

bool needs_restart(std::string_view path) {
  constexpr auto kFixed =
      std::to_array<std::string_view>({"process.workers", "admin.bind", "registry.store.type",
                                       "registry.store.path", "registry.store.sync"});
  return std::ranges::find(kFixed, path) != kFixed.end();
}

}  // namespace sluice::config
