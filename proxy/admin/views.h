// What Control answers, as the JSON of the API. Pure; any thread. Names are those of the structs;
// strings that are not valid UTF-8 come out with U+FFFD.
#pragma once

#include <string>
#include <vector>

#include "proxy/admin/control.h"

namespace sluice::admin {

std::string status_json(const Status& status);

// {"total", "connections": [...]}
std::string connections_json(const ConnectionList& list);

// {"service", "id", "checks": [{"time", "duration_ms", "ok", "reason"}]}; "reason" is "" of one
// that passed.
std::string checks_json(const std::string& service, const std::string& id,
                        const std::vector<CheckResult>& checks);

// {"index", "listener", "client", "route", "service", "selector", "policy", "winner", "why",
//  "notes": [...], "routes": [{"route", "taken", "why", "ways": [{"part", "service", "selector",
//  "weight", "share", "out"}]}], "candidates": [{"id", "address", "port", "state", "reason",
//  "weight", "priority", "connections", "out"}]}; "winner" is an id or null, "out" why a candidate
//  is passed over, or null.
std::string explanation_json(const Explanation& explanation);

// {"ok", "dry_run", "changes": [{"kind", "path", "before", "after"}], "needs_restart": [...],
//  "problems": [{"severity", "file", "line", "column", "path", "message"}], "index",
//  "plan_version"},
// led by "error" {"code": "invalid_config", "message"} when the file was refused.
std::string reload_json(const ReloadReport& report);

}  // namespace sluice::admin
