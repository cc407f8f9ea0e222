#include "tests/support/schema.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sluice::test {
namespace {

using nlohmann::json;

bool is_of_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  throw std::logic_error("no such type: " + type);
}

class Check {
 public:
  explicit Check(const json& document) : document_(document) {}

  void run(const json& given, const json& value, const std::string& at) {
    const json& schema = referred(document_, given);
    for (const auto& [keyword, said] : schema.items()) apply(keyword, said, schema, value, at);
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  void apply(const std::string& keyword, const json& said, const json& schema, const json& value,
             const std::string& at) {
    static const std::set<std::string> kSaysNothing = {"description", "default", "format"};
    if (kSaysNothing.contains(keyword)) return;
    if (keyword == "type") {
      hold(is_one_of_types(value, said), at, "is no " + said.dump());
    } else if (keyword == "enum") {
      hold(std::ranges::find(said, value) != said.end(), at, "is none of " + said.dump());
    } else if (keyword == "anyOf") {
      hold(matches_any(said, value), at, "is as none of anyOf has it");
    } else if (keyword == "minimum") {
      hold(!value.is_number() || value >= said, at, "is below " + said.dump());
    } else if (keyword == "maximum") {
      hold(!value.is_number() || value <= said, at, "is above " + said.dump());
    } else if (keyword == "maxLength") {
      hold(!value.is_string() || value.get_ref<const std::string&>().size() <= said, at,
           "is longer than " + said.dump());
    } else if (keyword == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        run(said, value[i], at + "/" + std::to_string(i));
      }
    } else if (keyword == "required") {
      for (const json& name : said) {
        hold(!value.is_object() || value.contains(name), at, "lacks " + name.dump());
      }
    } else if (keyword == "properties") {
      hold_properties(said, value, schema.contains("additionalProperties"), at);
    } else if (keyword == "additionalProperties") {
      hold_others(said, schema.value("properties", json::object()), value, at);
    } else {
      throw std::logic_error("no such keyword: " + keyword);
    }
  }

  static bool is_one_of_types(const json& value, const json& types) {
    if (types.is_string()) return is_of_type(value, types);
    return std::ranges::any_of(types, [&](const json& type) { return is_of_type(value, type); });
  }

  bool matches_any(const json& schemas, const json& value) const {
    return std::ranges::any_of(
        schemas, [&](const json& schema) { return violations(document_, schema, value).empty(); });
  }

  void hold_properties(const json& properties, const json& value, bool may_have_others,
                       const std::string& at) {
    if (!value.is_object()) return;
    for (const auto& [name, part] : value.items()) {
      const auto property = properties.find(name);
      if (property != properties.end()) {
        run(*property, part, at + "/" + name);
      } else {
        hold(may_have_others, at + "/" + name, "is not described");
      }
    }
  }

  void hold_others(const json& said, const json& properties, const json& value,
                   const std::string& at) {
    if (!value.is_object()) return;
    for (const auto& [name, part] : value.items()) {
      if (properties.contains(name)) continue;
      hold(said != false, at + "/" + name, "is not allowed");
      if (said.is_object()) run(said, part, at + "/" + name);
    }
  }

  void hold(bool holds, const std::string& at, const std::string& what) {
    if (!holds) found_.push_back((at.empty() ? "/" : at) + ": " + what);
  }

  const json& document_;
  std::vector<std::string> found_;
};

}  // namespace

const json& referred(const json& document, const json& value) {
  const auto ref = value.find("$ref");
  if (ref == value.end()) return value;
  return document.at(json::json_pointer(ref->get<std::string>().substr(1)));
}

std::vector<std::string> violations(const json& document, const json& schema, const json& value,
                                    const std::string& at) {
  Check check(document);
  check.run(schema, value, at);
  return check.take();
}

}  // namespace sluice::test
