// Reading fields of JSON that somebody else wrote: nothing here throws, whatever is missing or has
// another type than expected. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice::client {

// A string as it is, a number or a boolean in words, "" for anything else.
std::string text_of(const nlohmann::json& value);

// The same for the field `key` of an object; "" when there is none.
std::string text_at(const nlohmann::json& object, const char* key);

// The field as a number; 0 when there is none. Negative numbers are 0.
std::uint64_t count_at(const nlohmann::json& object, const char* key);
double number_at(const nlohmann::json& object, const char* key);

bool flag_at(const nlohmann::json& object, const char* key);

// The field's elements; an empty array when it is none.
const nlohmann::json& list_at(const nlohmann::json& object, const char* key);

}  // namespace sluice::client
