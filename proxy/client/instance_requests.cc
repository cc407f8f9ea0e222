#include "proxy/client/instance_requests.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "config/units.h"

namespace sluice::client {
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
  add_text("status", said.status);
  if (!said.check.empty()) body["check"] = json::parse(said.check);
  return body;
}

// What is left to do may take as long as the drain; the answer comes after it.
std::chrono::milliseconds patience_with(const Leaving& leaving) {
  constexpr std::chrono::milliseconds kAnswer = std::chrono::seconds(30);
  constexpr std::chrono::milliseconds kUnknownDrain = std::chrono::hours(24);
  if (!leaving.wait) return kAnswer;
  return kAnswer + (leaving.drain ? *leaving.drain : kUnknownDrain);
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

AdminRequest heartbeat_of(const Report& report) {
  json body = json::object();
  if (report.incarnation) body["incarnation"] = *report.incarnation;
  if (report.weight) body["weight"] = *report.weight;
  if (report.load) body["load"] = *report.load;
  if (!report.status.empty()) body["status"] = report.status;
  return {"PUT", path_of(report.service, report.id) + "/heartbeat", dumped(body)};
}

AdminRequest departure_of(const Leaving& leaving) {
  AdminRequest request{"DELETE", path_of(leaving.service, leaving.id)};
  char joint = '?';
  const auto ask_for = [&](const std::string& parameter) {
    request.target += std::exchange(joint, '&') + parameter;
  };
  if (leaving.drain) ask_for("drain=" + config::text(*leaving.drain));
  if (leaving.wait) ask_for("wait=true");
  if (leaving.incarnation) ask_for("incarnation=" + std::to_string(*leaving.incarnation));
  request.within = patience_with(leaving);
  return request;
}

}  // namespace sluice::client
