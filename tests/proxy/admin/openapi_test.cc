#include "proxy/admin/openapi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "config/writer.h"
#include "proxy/admin/api.h"
#include "registry/requests.h"
#include "tests/proxy/admin/fake_control.h"
#include "tests/support/schema.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

Json document() {
  return Json::parse(openapi_json());
}

std::vector<Route> routes() {
  static FakeControl control;
  static Hub hub({}, control.snapshot());
  return api_routes(control, hub, std::make_shared<Orders>());
}

// "/v1/services/*/instance" of a route and of "/v1/services/{service}/instance".
std::string pattern_of(const Route& route) {
  std::string pattern;
  for (const std::string_view segment : route.path) pattern += "/" + std::string(segment);
  return pattern;
}

std::string pattern_of(std::string path) {
  for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{')) {
    path.replace(at, path.find('}') + 1 - at, "*");
  }
  return path;
}

Names placeholders_of(const std::string& path) {
  Names names;
  for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{', at + 1)) {
    names.insert(path.substr(at + 1, path.find('}', at) - at - 1));
  }
  return names;
}

Names parameters_of(const Json& document, const Json& operation, const std::string& in) {
  Names names;
  for (const Json& given : operation.value("parameters", Json::array())) {
    const Json& parameter = test::referred(document, given);
    if (parameter.at("in") == in) names.insert(parameter.at("name"));
  }
  return names;
}

std::string word_for(const Need& need) {
  const std::string holds = "Takes `" + std::string(word(need.permission)) + "` ";
  switch (need.on) {
    case Need::On::nothing:
      return "";
    case Need::On::path:
    case Need::On::body:
      return holds + "on the service.";
    case Need::On::query:
      return holds + "on the service that is named, else everywhere.";
    case Need::On::everything:
      break;
  }
  return holds + "everywhere.";
}

struct Operation {
  std::string path;
  Json json;
};

// By "GET /v1/services/*".
std::map<std::string, Operation> operations(const Json& document) {
  std::map<std::string, Operation> all;
  for (const auto& [path, methods] : document.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string name = method + " " + pattern_of(path);
      std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(method.size()),
                     name.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      all[name] = {path, operation};
    }
  }
  return all;
}

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  const Json told = document();
  auto all = operations(told);
  for (const Route& route : routes()) {
    const std::string name = std::string(route.method) + " " + pattern_of(route);
    const auto at = all.find(name);
    if (at == all.end()) {
      ADD_FAILURE() << name << " is not described";
      continue;
    }
    const auto& [path, operation] = at->second;
    EXPECT_EQ(parameters_of(told, operation, "query"),
              Names(route.parameters.begin(), route.parameters.end()))
        << name;
    EXPECT_EQ(parameters_of(told, operation, "path"), placeholders_of(path)) << name;
    EXPECT_EQ(operation.contains("requestBody"), route.takes_body) << name;
    EXPECT_EQ(operation.value("description", ""), word_for(route.need)) << name;
    EXPECT_EQ(operation.contains("security"), route.need == kOpen) << name;
    all.erase(at);
  }
  for (const auto& [name, operation] : all) ADD_FAILURE() << name << " is no route";
}

void find_references(const Json& value, Names& found) {
  if (!value.is_structured()) return;
  if (value.is_object() && value.contains("$ref")) found.insert(value["$ref"].get<std::string>());
  for (const Json& part : value) find_references(part, found);
}

TEST(OpenApi, HasWhatItRefersToAndRefersToWhatItHas) {
  const Json told = document();
  Names referred;
  find_references(told, referred);
  Names components;
  for (const char* kind : {"headers", "parameters", "responses", "schemas"}) {
    for (const auto& [name, component] : told.at("components").at(kind).items()) {
      components.insert("#/components/" + std::string(kind) + "/" + name);
    }
  }
  referred.insert("#/components/schemas/Change");  // of an event, which no schema reaches
  EXPECT_EQ(referred, components);
}

TEST(OpenApi, NamesEachOperationOnceAndHasItsVersion) {
  const Json told = document();
  Names ids;
  for (const auto& [name, operation] : operations(told)) {
    EXPECT_TRUE(ids.insert(operation.json.at("operationId")).second) << name;
  }
  EXPECT_EQ(told.at("info").at("version"), SLUICE_VERSION);
}

TEST(OpenApi, KnowsTheFieldsThatBodiesMayHave) {
  const Json schemas = document().at("components").at("schemas");
  const std::pair<const char*, registry::Body> bodies[] = {
      {"Registration", registry::Body::registration},
      {"NamedRegistration", registry::Body::named_registration},
      {"Beat", registry::Body::beat},
      {"AdminWish", registry::Body::admin},
  };
  for (const auto& [schema, body] : bodies) {
    Names properties;
    for (const auto& [name, property] : schemas.at(schema).at("properties").items()) {
      properties.insert(name);
    }
    const auto fields = registry::fields_of(body);
    EXPECT_EQ(properties, Names(fields.begin(), fields.end())) << schema;
    EXPECT_EQ(schemas.at(schema).at("additionalProperties"), false) << schema;
  }
}

// The schema of a section of the configuration, key by key.
void expect_keys(const Json& schema, const Json& section, const std::string& at) {
  EXPECT_EQ(schema.at("additionalProperties"), false) << at;
  const Json& properties = schema.at("properties");
  EXPECT_EQ(properties.size(), section.size()) << at;
  for (const auto& [key, value] : section.items()) {
    ASSERT_TRUE(properties.contains(key)) << at << key;
    if (value.is_object()) expect_keys(properties.at(key), value, at + key + ".");
  }
}

TEST(OpenApi, KnowsTheKeysThatACheckMayHave) {
  expect_keys(document().at("components").at("schemas").at("CheckSettings"),
              Json::parse(config::json(config::Check()).dump()), "check.");
}

}  // namespace
}  // namespace sluice::admin
