// Whether a value is what a JSON object said: read with a parser that knows nothing of ours.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace sluice::fuzz {

// Requires: `bytes` were taken for an object by the reader that is tested.
inline nlohmann::json object_of(std::string_view bytes) {
  auto object = nlohmann::json::parse(bytes, nullptr, false);
  require(object.is_object(), "what is taken is an object");
  return object;
}

// A field that is there was taken as it stands, type and all.
template <class T>
void require_said(const nlohmann::json& object, const char* name, const T& taken) {
  const auto at = object.find(name);
  if (at == object.end()) return;
  const nlohmann::json expected = taken;
  require(at->type() == expected.type() || (at->is_number_integer() && *at >= 0), name);
  require(*at == expected, name);
}

}  // namespace sluice::fuzz
