#include "proxy/cli/instance_orders.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "config/printable.h"
#include "config/units.h"
#include "proxy/cli/fields.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string named(const std::string& service, const std::string& id) {
  return config::one_line(service + "/" + id);
}

std::string line_at(const json& object, const char* key) {
  return config::one_line(text_at(object, key));
}

std::string connections_text(std::uint64_t count) {
  if (count == 0) return "no connections";
  return std::to_string(count) + (count == 1 ? " connection" : " connections");
}

std::string state_text(const json& body) {
  const std::string reason = line_at(body, "reason");
  return line_at(body, "state") + (reason.empty() ? "" : " (" + reason + ")");
}

// What is left to do may take as long as the drain; the answer comes after it.
std::chrono::milliseconds patience_with(const Leaving& leaving) {
  constexpr std::chrono::milliseconds kAnswer = std::chrono::seconds(30);
  constexpr std::chrono::milliseconds kUnknownDrain = std::chrono::hours(24);
  if (!leaving.wait) return kAnswer;
  return kAnswer + (leaving.drain ? *leaving.drain : kUnknownDrain);
}

}  // namespace

Order register_order(const Announcement& said, bool wait_applied, bool create) {
  return {registration_of(said, wait_applied, create), [](std::ostream& out, const json& body) {
            out << (flag_at(body, "created") ? "registered " : "renewed ")
                << named(text_at(body, "service"), text_at(body, "id")) << ": "
                << line_at(body, "state") << ", incarnation " << line_at(body, "incarnation")
                << ", ttl " << line_at(body, "ttl") << '\n';
          }};
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

Order deregister_order(const Leaving& leaving) {
  return {departure_of(leaving),
          [name = named(leaving.service, leaving.id)](std::ostream& out, const json& body) {
            out << "deregistered " << name << ": "
                << connections_text(count_at(body, "connections")) << " left\n";
          }};
}

Order state_order(const std::string& service, const std::string& id, const std::string& admin,
                  const std::string& reason) {
  json body = {{"admin", admin}};
  if (!reason.empty()) body["reason"] = reason;
  AdminRequest request{"PUT", path_of(service, id) + "/state",
                       body.dump(-1, ' ', false, json::error_handler_t::replace)};
  return {std::move(request), [name = named(service, id)](std::ostream& out, const json& answer) {
            out << name << " is " << state_text(answer) << '\n';
          }};
}

AdminRequest heartbeat_of(const Report& report) {
  json body = json::object();
  if (report.incarnation) body["incarnation"] = *report.incarnation;
  if (report.weight) body["weight"] = *report.weight;
  if (report.load) body["load"] = *report.load;
  if (!report.status.empty()) body["status"] = report.status;
  return {"PUT", path_of(report.service, report.id) + "/heartbeat",
          body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

Order heartbeat_order(const Report& report) {
  return {heartbeat_of(report),
          [name = named(report.service, report.id)](std::ostream& out, const json& body) {
            out << name << " is " << state_text(body) << ": "
                << connections_text(count_at(body, "connections")) << ", weight "
                << line_at(body, "weight");
            const std::string left = line_at(body, "ttl_remaining");
            if (!left.empty()) out << ", lease ends in " << left;
            out << '\n';
          }};
}

}  // namespace sluice::cli
