// Holds JSON to a schema of an OpenAPI document: the part of JSON Schema 2020-12 that ours uses.
//
// Knows $ref (within the document), type, enum, anyOf, properties, required, items, minimum,
// maximum, maxLength and additionalProperties, and lets descriptions, defaults and formats be; a
// keyword that is none of these throws std::logic_error, so that nothing is held to half a schema.
// Stricter than the standard in one way: a field that `properties` does not name is an error unless
// additionalProperties says something, so that what an answer holds is described. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluice::test {

// What is wrong, one line each, with its place: "/instances/0/port: is no integer".
std::vector<std::string> violations(const nlohmann::json& document, const nlohmann::json& schema,
                                    const nlohmann::json& value, const std::string& at = "");

// What a $ref in it refers to, or itself. Throws if there is no such thing.
const nlohmann::json& referred(const nlohmann::json& document, const nlohmann::json& value);

}  // namespace sluice::test
