#include "registry/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::registry {

namespace {

// Needs neither an escape nor a look at whether it is UTF-8.
bool is_plain(char c) {
  return c >= 0x20 && c != '"' && c != '\\';  // from 0x80 on a char is below 0
}

}  // namespace

// RapidJSON writes \u001F where nlohmann has \u001f, and stops at a bad sequence or lets it
// through.
void JsonText::put(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return;
  }
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  writer_.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
}

void JsonText::put_object(std::string_view json) {
  writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
}

// RapidJSON's shortest form of a number is at times another one than nlohmann's.
void JsonText::put_double(double number) {
  const std::string text = nlohmann::json(number).dump();
  writer_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

}  // namespace sluice::registry
