#include "proxy/cli/announcement.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "config/endpoint.h"
#include "config/units.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

// As JSON, whatever bytes it holds: those that are no UTF-8 are for the API to refuse.
std::string dumped(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

json object_of(const std::vector<std::string>& pairs) {
  json object = json::object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    object[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return object;
}

json body_of(const Announcement& said) {
  json body = {{"address", said.address}};
  const auto add_text = [&body](const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  const auto add_pairs = [&body](const char* key, const std::vector<std::string>& pairs) {
    if (!pairs.empty()) body[key] = object_of(pairs);
  };
  if (said.weight) body["weight"] = *said.weight;
  if (said.priority) body["priority"] = *said.priority;
  add_text("zone", said.zone);
  add_pairs("labels", said.labels);
  add_pairs("meta", said.meta);
  add_text("version", said.version);
  add_text("protocol", said.protocol);
  add_text("ttl", said.ttl);
  return body;
}

}  // namespace

AdminRequest registration_of(const Announcement& said, bool wait_applied, bool create) {
  json body = body_of(said);
  AdminRequest request;
  if (said.id.empty()) {
    body["service"] = said.service;
    request = {"POST", "/v1/register"};
  } else {
    request = {"PUT", path_of(said.service, said.id)};
  }
  char joint = '?';
  const auto ask_for = [&](const char* parameter) {
    request.target += std::exchange(joint, '&');
    request.target += parameter;
  };
  if (wait_applied) ask_for("wait=applied");
  if (create) ask_for("create=true");
  request.body = dumped(body);
  return request;
}

std::string path_of(const std::string& service, const std::string& id) {
  return "/v1/services/" + AdminClient::encode(service) + "/instances/" + AdminClient::encode(id);
}

std::string why_no_pair(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return "'" + text + "' is no KEY=VALUE";
}

std::string why_no_address(const std::string& text) {
  std::string why;
  return config::Endpoint::parse(text, why) ? "" : why;
}

std::string why_no_duration(const std::string& text) {
  std::string why;
  return config::parse_duration(text, why) ? "" : why;
}

}  // namespace sluice::cli
