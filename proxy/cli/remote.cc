#include "proxy/cli/remote.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "config/printable.h"
#include "proxy/cli/admin_client.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/fields.h"
#include "proxy/cli/views.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string connections_target(const Question& question) {
  std::string target = "/v1/connections?limit=" + std::to_string(question.limit);
  const auto narrow = [&](const char* key, const std::string& value) {
    if (!value.empty()) target += std::string("&") + key + "=" + AdminClient::encode(value);
  };
  narrow("service", question.service);
  narrow("listener", question.listener);
  narrow("instance", question.instance);
  return target;
}

Answer send(AdminClient& client, const Question& question) {
  switch (question.kind) {
    case Question::Kind::status:
      return client.get("/v1/status");
    case Question::Kind::services:
      return client.get("/v1/services");
    case Question::Kind::instances:
      return client.get("/v1/services/" + AdminClient::encode(question.service));
    case Question::Kind::connections:
      return client.get(connections_target(question));
    case Question::Kind::reload:
      return client.post(question.dry_run ? "/v1/reload?dry_run=true" : "/v1/reload");
  }
  return {};
}

void show(const Question& question, const json& body, std::ostream& out) {
  switch (question.kind) {
    case Question::Kind::status:
      return show_status(out, body);
    case Question::Kind::services:
      return show_services(out, body);
    case Question::Kind::instances:
      return show_instances(out, body);
    case Question::Kind::connections:
      return show_connections(out, body);
    case Question::Kind::reload:
      return show_reload(out, body);
  }
}

int fail(std::ostream& err, const std::string& message) {
  err << "sluice: " << config::one_line(message) << '\n';
  return kFailure;
}

// What the API says went wrong, or at least that something did.
std::string refusal(const Answer& answer, const json& body) {
  std::string message = body.is_object() && body.contains("error")
                            ? text_at(body["error"], "message")
                            : std::string();
  if (answer.status == 401) message += " (the secret of a token is read from SLUICE_TOKEN)";
  if (!message.empty()) return message;
  return "the admin API answered with status " + std::to_string(answer.status);
}

}  // namespace

int ask(const AdminAddress& where, const Question& question, std::ostream& out, std::ostream& err) {
  AdminClient client(where);
  const Answer answer = send(client, question);
  if (!answer.failure.empty()) return fail(err, answer.failure);

  if (question.json) {
    out << answer.body;
    if (!answer.body.ends_with('\n')) out << '\n';
  }
  const json body = json::parse(answer.body, nullptr, false);
  if (!answer.is_success()) {
    if (!question.json) show_problems(err, list_at(body, "problems"));
    return fail(err, refusal(answer, body));
  }
  if (!body.is_object()) {
    return fail(err, "the answer from " + where.text + " is not what an admin API of sluice says");
  }
  if (!question.json) show(question, body, out);
  return kOk;
}

}  // namespace sluice::cli
