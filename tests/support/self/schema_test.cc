#include "tests/support/schema.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using nlohmann::json;

const json kDocument = json::parse(R"({"schemas": {
  "Word": {"type": "string", "enum": ["up", "down"]},
  "Node": {"type": "object", "required": ["name"], "properties": {
    "name": {"type": "string", "maxLength": 3, "description": "its name"},
    "port": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
    "state": {"$ref": "#/schemas/Word"},
    "below": {"type": "array", "items": {"$ref": "#/schemas/Node"}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "any": {"anyOf": [{"type": "boolean"}, {"$ref": "#/schemas/Word"}]}}},
  "Closed": {"type": "object", "additionalProperties": false, "properties": {"a": {}}}}})");

std::string wrong(const char* schema, const char* value) {
  std::string all;
  for (const std::string& line :
       violations(kDocument, kDocument["schemas"][schema], json::parse(value))) {
    all += line + "\n";
  }
  return all;
}

TEST(Schema, SaysWhatIsWrongAndWhere) {
  struct Row {
    const char *schema, *value, *wrong;
  };
  for (const Row& row : {
           Row{"Node", R"({"name": "a", "port": 9, "state": "up", "below": [{"name": "b"}]})", ""},
           Row{"Node", R"({"name": "a", "port": null, "labels": {"x": "y"}, "any": true})", ""},
           Row{"Node", "[]", "/: is no \"object\"\n"},
           Row{"Node", "{}", "/: lacks \"name\"\n"},
           Row{"Node", R"({"name": "long"})", "/name: is longer than 3\n"},
           Row{"Node", R"({"name": "a", "port": 0})", "/port: is below 1\n"},
           Row{"Node", R"({"name": "a", "port": 10})", "/port: is above 9\n"},
           Row{"Node", R"({"name": "a", "port": 1.5})", "/port: is no [\"integer\",\"null\"]\n"},
           Row{"Node", R"({"name": "a", "state": "x"})", "/state: is none of [\"up\",\"down\"]\n"},
           Row{"Node", R"({"name": "a", "below": [{"name": 1}]})",
               "/below/0/name: is no \"string\"\n"},
           Row{"Node", R"({"name": "a", "labels": {"x": 1}})", "/labels/x: is no \"string\"\n"},
           Row{"Node", R"({"name": "a", "any": 1})", "/any: is as none of anyOf has it\n"},
           Row{"Node", R"({"name": "a", "new": 1})", "/new: is not described\n"},
           Row{"Closed", R"({"a": 1, "b": 2})", "/b: is not allowed\n"},
       }) {
    EXPECT_EQ(wrong(row.schema, row.value), row.wrong) << row.schema << " " << row.value;
  }
}

TEST(Schema, IsNotTakenByHalf) {
  EXPECT_THROW(violations(kDocument, json{{"pattern", "x"}}, "x"), std::logic_error);
  EXPECT_THROW(violations(kDocument, json{{"type", "text"}}, "x"), std::logic_error);
  EXPECT_ANY_THROW(violations(kDocument, json{{"$ref", "#/schemas/None"}}, "x"));
}

}  // namespace
}  // namespace sluice::test
