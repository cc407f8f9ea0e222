#include "proxy/client/fields.h"

#include <nlohmann/json.hpp>

namespace sluice::client {
namespace {

const nlohmann::json& at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

}  // namespace

std::string text_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return "";
}

std::string text_at(const nlohmann::json& object, const char* key) {
  return text_of(at(object, key));
}

std::uint64_t count_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

double number_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

bool flag_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  return value.is_boolean() && value.get<bool>();
}

const nlohmann::json& list_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json& value = at(object, key);
  return value.is_array() ? value : kEmpty;
}

}  // namespace sluice::client
