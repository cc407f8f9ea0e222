#include "config/substitute.h"

#include <algorithm>

#include "config/printable.h"
#include "config/site.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxValueBytes = 64u << 10;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::ranges::all_of(text, is_name_char);
}

// The value of what stands between "${" and "}".
std::optional<std::string> value_of(std::string_view inside, const Environment& environment,
                                    std::string& why) {
  const std::size_t dash = inside.find(":-");
  const bool has_default = dash != std::string_view::npos;
  const std::string_view name = inside.substr(0, dash);
  if (!is_name(name)) {
    why = in_quotes("${" + std::string(inside) + "}") +
          " names no environment variable; write $${ for a literal ${";
    return std::nullopt;
  }
  std::optional<std::string> value = environment ? environment(name) : std::nullopt;
  if (has_default && (!value || value->empty())) return std::string(inside.substr(dash + 2));
  if (!value) {
    why = "the environment variable " + std::string(name) + " is not set; ${" + std::string(name) +
          ":-...} gives it a default";
    return std::nullopt;
  }
  if (value->find('\0') != std::string::npos || find_invalid_utf8(*value) != std::string::npos) {
    why = "the environment variable " + std::string(name) + " does not hold UTF-8 text";
    return std::nullopt;
  }
  return value;
}

class Substitution {
 public:
  Substitution(const Environment& environment, Report& report)
      : environment_(environment), report_(report) {}

  void visit(Node& node, const std::string& path) {
    if (node.kind == Node::Kind::list) {
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        visit(node.children[i], item_path(path, i));
      }
    } else if (node.kind == Node::Kind::map) {
      for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        visit(node.children[i + 1], key_path(path, node.children[i].text));
      }
    } else if (node.text.find("${") != std::string::npos) {
      replace(node, path);
    }
  }

 private:
  void replace(Node& node, const std::string& path) {
    std::string why;
    auto text = substitute(node.text, environment_, why);
    if (text && text->size() > room_) {
      text.reset();
      why = "the environment variables of this file make more than 4 MiB";
    }
    if (text) {
      room_ -= text->size();
      node.text = *std::move(text);
    } else {
      node.bad = true;
      report_.add(Severity::error, node.place, path, why);
    }
  }

  const Environment& environment_;
  Report& report_;
  std::size_t room_ = kMaxFileBytes;
};

}  // namespace

std::optional<std::string> substitute(std::string_view text, const Environment& environment,
                                      std::string& why) {
  std::string out;
  for (std::size_t start = text.find("${"); start != std::string_view::npos;
       start = text.find("${")) {
    if (start > 0 && text[start - 1] == '$') {
      out += text.substr(0, start - 1);
      out += "${";
      text.remove_prefix(start + 2);
      continue;
    }
    const std::size_t end = text.find('}', start);
    if (end == std::string_view::npos) {
      why = "no \"}\" after \"${\"; write $${ for a literal ${";
      return std::nullopt;
    }
    const auto value = value_of(text.substr(start + 2, end - start - 2), environment, why);
    if (!value) return std::nullopt;
    out += text.substr(0, start);
    out += *value;
    text.remove_prefix(end + 1);
    if (out.size() > kMaxValueBytes) {
      why = "longer than 64 KiB with its environment variables";
      return std::nullopt;
    }
  }
  return out.append(text);
}

std::string escape_substitution(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) out += '$';
    out += text[i];
  }
  return out;
}

void substitute_all(Node& root, const Environment& environment, Report& report) {
  Substitution(environment, report).visit(root, "");
}

}  // namespace sluice::config
