#include "proxy/cli/instance_orders.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "config/printable.h"
#include "proxy/client/fields.h"

namespace sluice::cli {
namespace {

using client::count_at;
using client::flag_at;
using client::text_at;
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

}  // namespace

Order register_order(const client::Announcement& said, bool wait_applied, bool create) {
  return {client::registration_of(said, wait_applied, create),
          [](std::ostream& out, const json& body) {
            out << (flag_at(body, "created") ? "registered " : "renewed ")
                << named(text_at(body, "service"), text_at(body, "id")) << ": "
                << line_at(body, "state") << ", incarnation " << line_at(body, "incarnation")
                << ", ttl " << line_at(body, "ttl") << '\n';
          }};
}

Order deregister_order(const client::Leaving& leaving) {
  return {client::departure_of(leaving),
          [name = named(leaving.service, leaving.id)](std::ostream& out, const json& body) {
            out << "deregistered " << name << ": "
                << connections_text(count_at(body, "connections")) << " left\n";
          }};
}

Order state_order(const std::string& service, const std::string& id, const std::string& admin,
                  const std::string& reason) {
  json body = {{"admin", admin}};
  if (!reason.empty()) body["reason"] = reason;
  client::AdminRequest request{"PUT", client::path_of(service, id) + "/state",
                               body.dump(-1, ' ', false, json::error_handler_t::replace)};
  return {std::move(request), [name = named(service, id)](std::ostream& out, const json& answer) {
            out << name << " is " << state_text(answer) << '\n';
          }};
}

Order heartbeat_order(const client::Report& report) {
  return {client::heartbeat_of(report),
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
