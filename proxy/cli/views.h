// The admin API's answers as tables for people. Each function takes the parsed JSON of one route
// and prints it; what an answer lacks is shown as "-", so that an older or newer proxy can still be
// read. Everything that comes from the answer is made printable. Pure but for the stream.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

namespace sluice::cli {

void show_status(std::ostream& out, const nlohmann::json& status);      // GET /v1/status
void show_services(std::ostream& out, const nlohmann::json& services);  // GET /v1/services
void show_instances(std::ostream& out, const nlohmann::json& service);  // GET /v1/services/{s}
void show_checks(std::ostream& out,
                 const nlohmann::json& checks);  // GET /v1/services/{s}/instances/{id}/checks
void show_connections(std::ostream& out, const nlohmann::json& connections);  // GET /v1/connections
void show_explanation(std::ostream& out, const nlohmann::json& explanation);  // GET /v1/explain

void show_events(std::ostream& out, const nlohmann::json& events);  // GET /v1/events

// POST /v1/reload, done or dry: what changes, what waits for a restart, and a closing line.
void show_reload(std::ostream& out, const nlohmann::json& report);

// The problems that a reload was refused for, one a line.
void show_problems(std::ostream& out, const nlohmann::json& problems);

}  // namespace sluice::cli
