#include "proxy/cli/remote.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "config/printable.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/views.h"
#include "proxy/client/fields.h"

namespace sluice::cli {
namespace {

using client::list_at;
using nlohmann::json;

std::string checks_target(const Question& question) {
  return "/v1/services/" + client::AdminClient::encode(question.service) + "/instances/" +
         client::AdminClient::encode(question.instance) + "/checks";
}

std::string connections_target(const Question& question) {
  std::string target = "/v1/connections?limit=" + std::to_string(question.limit);
  const auto narrow = [&](const char* key, const std::string& value) {
    if (!value.empty()) target += std::string("&") + key + "=" + client::AdminClient::encode(value);
  };
  narrow("service", question.service);
  narrow("listener", question.listener);
  narrow("instance", question.instance);
  return target;
}

std::string events_target(const Question& question) {
  std::string target = "/v1/events?limit=" + std::to_string(question.limit);
  if (question.service.empty()) return target;
  target += "&service=" + client::AdminClient::encode(question.service);
  return target;
}

std::string explain_target(const Question& question) {
  std::string target = "/v1/explain?listener=" + client::AdminClient::encode(question.listener);
  if (!question.client.empty()) target += "&client=" + client::AdminClient::encode(question.client);
  return target;
}

client::AdminRequest request_of(const Question& question) {
  switch (question.kind) {
    case Question::Kind::status:
      return {"GET", "/v1/status"};
    case Question::Kind::services:
      return {"GET", "/v1/services"};
    case Question::Kind::instances:
      return {"GET", "/v1/services/" + client::AdminClient::encode(question.service)};
    case Question::Kind::checks:
      return {"GET", checks_target(question)};
    case Question::Kind::connections:
      return {"GET", connections_target(question)};
    case Question::Kind::events:
      return {"GET", events_target(question)};
    case Question::Kind::explain:
      return {"GET", explain_target(question)};
    case Question::Kind::reload:
      return {"POST", question.dry_run ? "/v1/reload?dry_run=true" : "/v1/reload"};
  }
  return {};
}

using Show = void (*)(std::ostream&, const json&);

Show show_of(Question::Kind kind) {
  switch (kind) {
    case Question::Kind::status:
      return show_status;
    case Question::Kind::services:
      return show_services;
    case Question::Kind::instances:
      return show_instances;
    case Question::Kind::checks:
      return show_checks;
    case Question::Kind::connections:
      return show_connections;
    case Question::Kind::events:
      return show_events;
    case Question::Kind::explain:
      return show_explanation;
    case Question::Kind::reload:
      return show_reload;
  }
  return nullptr;
}

int fail(std::ostream& err, const std::string& message) {
  err << "sluice: " << config::one_line(message) << '\n';
  return kFailure;
}

}  // namespace

Order order_of(const Question& question) {
  return {request_of(question), show_of(question.kind)};
}

int carry_out(const client::AdminAddress& where, const Order& order, bool as_json,
              std::ostream& out, std::ostream& err) {
  const client::Answer answer = client::AdminClient(where).ask(order.request);
  if (!answer.failure.empty()) return fail(err, client::trouble_of(answer));

  if (as_json) {
    out << answer.body;
    if (!answer.body.ends_with('\n')) out << '\n';
  }
  const json body = json::parse(answer.body, nullptr, false);
  if (!answer.is_success()) {
    if (!as_json) show_problems(err, list_at(body, "problems"));
    return fail(err, client::trouble_of(answer));
  }
  if (!body.is_object()) {
    return fail(err, "the answer from " + where.text + " is not what an admin API of sluice says");
  }
  if (!as_json) order.show(out, body);
  return kOk;
}

}  // namespace sluice::cli
