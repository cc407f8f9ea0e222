#include "proxy/admin/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "registry/json_text.h"
#include "registry/moment.h"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& answer) {
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json view(const WorkerStatus& worker) {
  return {{"worker", worker.worker},
          {"plan_version", worker.plan_version},
          {"connections", worker.connections},
          {"loop_lag_seconds", worker.loop_lag_seconds}};
}

Json view(const QueueStatus& queue) {
  return {{"service", queue.service}, {"clients", queue.clients}, {"limit", queue.limit}};
}

void put(registry::JsonText& out, const Connection& connection) {
  out.open_object();
  out.add("id", connection.id);
  out.add("listener", connection.listener);
  out.add("route", connection.route);
  out.add("service", connection.service);
  out.add("instance", connection.instance);
  out.add("client", connection.client);
  out.add("upstream", connection.upstream);
  out.add("state", connection.state);
  out.add("age_ms", connection.age_ms);
  out.add("idle_ms", connection.idle_ms);
  out.add("bytes_up", connection.bytes_up);
  out.add("bytes_down", connection.bytes_down);
  out.add("attempts", connection.attempts);
  out.add("incarnation", connection.incarnation);
  out.close_object();
}

void put(registry::JsonText& out, const CheckResult& check) {
  out.open_object();
  out.add("time", registry::utc(check.ended_ms));
  out.add("duration_ms", static_cast<double>(check.duration_us) / 1000);
  out.add("ok", check.failure.empty());
  out.add("reason", check.failure);
  out.close_object();
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json view(const Candidate& candidate) {
  const registry::Instance& instance = *candidate.instance;
  return {{"id", instance.id},
          {"address", instance.address.host()},
          {"port", instance.address.port},
          {"state", word(instance.effective.state)},
          {"reason", *instance.effective.reason},
          {"weight", instance.weight},
          {"priority", instance.priority},
          {"connections", candidate.load},
          {"out", text_or_null(candidate.out)}};
}

Json view(const FuseStatus& fuse) {
  return {{"listener", fuse.listener}, {"route", fuse.route},          {"part", fuse.part},
          {"service", fuse.service},   {"weight", fuse.weight},        {"state", fuse.state},
          {"since_ms", fuse.since_ms}, {"why", text_or_null(fuse.why)}};
}

Json view(const WayShown& way) {
  return {
      {"part", text_or_null(way.part)}, {"service", way.service}, {"selector", way.selector},
      {"weight", way.weight},           {"share", way.share},     {"out", text_or_null(way.out)}};
}

Json view(const RouteShown& route) {
  Json ways = Json::array();
  for (const WayShown& way : route.ways) ways.push_back(view(way));
  return {{"route", route.route}, {"taken", route.is_taken}, {"why", route.why}, {"ways", ways}};
}

std::string_view word(config::Difference::Kind kind) {
  switch (kind) {
    case config::Difference::Kind::added:
      return "added";
    case config::Difference::Kind::removed:
      return "removed";
    case config::Difference::Kind::changed:
      return "changed";
  }
  return "";
}

Json view(const config::Difference& change) {
  return {{"kind", word(change.kind)},
          {"path", change.path},
          {"before", change.before},
          {"after", change.after}};
}

Json view(const config::Problem& problem) {
  return {{"severity", problem.severity == config::Severity::error ? "error" : "warning"},
          {"file", problem.file},
          {"line", problem.line},
          {"column", problem.column},
          {"path", problem.path},
          {"message", problem.message}};
}

template <class T>
Json views(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items) array.push_back(view(item));
  return array;
}

Json invalid_config(const std::vector<config::Problem>& problems) {
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& problem) {
    return problem.severity == config::Severity::error;
  });
  return {{"code", "invalid_config"},
          {"message", "the file has " + std::to_string(errors) +
                          (errors == 1 ? " error" : " errors") + "; nothing was changed"}};
}

}  // namespace

std::string status_json(const Status& status) {
  return text({{"version", status.version},
               {"pid", status.pid},
               {"config_file", status.config_file},
               {"started_ms", status.started_ms},
               {"uptime_ms", status.uptime_ms},
               {"phase", status.phase},
               {"index", status.index},
               {"epoch", status.epoch},
               {"plan_version", status.plan_version},
               {"connections", status.connections},
               {"max_connections", status.max_connections},
               {"fd_limit", status.fd_limit},
               {"reloads_ok", status.reloads_ok},
               {"reloads_failed", status.reloads_failed},
               {"last_reload_error", status.last_reload_error},
               {"log_lines_dropped", status.log_lines_dropped},
               {"workers", views(status.workers)},
               {"fuses", views(status.fuses)},
               {"queues", views(status.queues)}});
}

std::string connections_json(const ConnectionList& list) {
  registry::JsonText out;
  out.open_object();
  out.add("total", list.total);
  out.key("connections");
  out.open_array();
  for (const Connection& connection : list.connections) put(out, connection);
  out.close_array();
  out.close_object();
  return out.text();
}

std::string checks_json(const std::string& service, const std::string& id,
                        const std::vector<CheckResult>& checks) {
  registry::JsonText out;
  out.open_object();
  out.add("service", service);
  out.add("id", id);
  out.key("checks");
  out.open_array();
  for (const CheckResult& check : checks) put(out, check);
  out.close_array();
  out.close_object();
  return out.text();
}

std::string explanation_json(const Explanation& told) {
  return text({{"index", told.index},
               {"listener", told.listener},
               {"client", text_or_null(told.client)},
               {"route", text_or_null(told.route)},
               {"service", told.service},
               {"selector", told.selector},
               {"policy", told.policy},
               {"refused", text_or_null(told.refused)},
               {"winner", text_or_null(told.winner)},
               {"why", told.why},
               {"notes", told.notes},
               {"routes", views(told.routes)},
               {"candidates", views(told.candidates)}});
}

std::string reload_json(const ReloadReport& report) {
  Json answer = Json::object();
  if (!report.ok) answer["error"] = invalid_config(report.problems);
  answer["ok"] = report.ok;
  answer["dry_run"] = report.dry_run;
  answer["changes"] = views(report.changes);
  answer["needs_restart"] = report.needs_restart;
  answer["problems"] = views(report.problems);
  answer["index"] = report.index;
  answer["plan_version"] = report.plan_version;
  return text(answer);
}

}  // namespace sluice::admin
