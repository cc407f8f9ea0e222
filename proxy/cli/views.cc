#include "proxy/cli/views.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "config/printable.h"
#include "proxy/cli/figures.h"
#include "proxy/cli/table.h"
#include "proxy/client/fields.h"

namespace sluice::cli {
namespace {

using client::count_at;
using client::flag_at;
using client::list_at;
using client::number_at;
using client::text_at;
using client::text_of;
using nlohmann::json;
constexpr auto kRight = Table::Align::right;

std::string seconds_text(double seconds) {
  return duration_text(static_cast<std::uint64_t>(seconds * 1000));
}

std::string duration_at(const json& object, const char* key) {
  return duration_text(count_at(object, key));
}

std::string size_at(const json& object, const char* key) {
  return size_text(count_at(object, key));
}

// "10.0.0.1:5432", "[2001:db8::1]:5432", "unix:/run/pg.sock"
std::string instance_address(const json& instance) {
  std::string host = text_at(instance, "address");
  const std::string port = text_at(instance, "port");
  if (host.starts_with("unix:") || port.empty()) return host;
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

void fact(std::ostream& out, const std::string& name, const std::string& value) {
  out << name << std::string(name.size() < 15 ? 15 - name.size() : 1, ' ')
      << config::one_line(value) << '\n';
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string reloads_text(const json& status) {
  std::string text =
      text_at(status, "reloads_ok") + " done, " + text_at(status, "reloads_failed") + " refused";
  const std::string error = text_at(status, "last_reload_error");
  return error.empty() ? text : text + "; the last one: " + error;
}

std::string change_text(const json& change) {
  const std::string kind = text_at(change, "kind");
  const std::string path = text_at(change, "path");
  const std::string before = text_at(change, "before");
  const std::string after = text_at(change, "after");
  if (kind == "added") return "+ " + path + ": " + after;
  if (kind == "removed") return "- " + path + ": " + before;
  return "~ " + path + ": " + before + " -> " + after;
}

void show_fuses(std::ostream& out, const json& fuses) {
  if (fuses.empty()) return;
  Table table({{"LISTENER"}, {"ROUTE"}, {"PART"}, {"WEIGHT", kRight}, {"FUSE"}, {"BECAUSE"}});
  for (const json& fuse : fuses) {
    table.add({text_at(fuse, "listener"), text_at(fuse, "route"), text_at(fuse, "part"),
               text_at(fuse, "weight"), text_at(fuse, "state"), text_at(fuse, "why")});
  }
  out << '\n' << table;
}

std::string percent_at(const json& object, const char* key) {
  char text[16];
  std::snprintf(text, sizeof(text), "%.1f %%", number_at(object, key) * 100);
  return text;
}

void show_routes(std::ostream& out, const json& routes) {
  if (routes.empty()) return;
  Table table({{"ROUTE"}, {"TAKEN"}, {"PART"}, {"SERVICE"}, {"SHARE", kRight}, {"BECAUSE"}});
  for (const json& route : routes) {
    std::string name = text_at(route, "route"), why = text_at(route, "why");
    std::string taken = flag_at(route, "taken") ? "yes" : "no";
    for (const json& way : list_at(route, "ways")) {
      const std::string out_of_it = text_at(way, "out");
      if (!out_of_it.empty()) why += (why.empty() ? "" : "; ") + out_of_it;
      table.add({std::exchange(name, ""), std::exchange(taken, ""), text_at(way, "part"),
                 text_at(way, "service"), percent_at(way, "share"), std::exchange(why, "")});
    }
  }
  out << '\n' << table;
}

}  // namespace

void show_status(std::ostream& out, const json& status) {
  fact(out, "version", text_at(status, "version") + ", pid " + text_at(status, "pid"));
  fact(out, "phase", text_at(status, "phase") + ", up " + duration_at(status, "uptime_ms"));
  fact(out, "configuration", text_at(status, "config_file"));
  fact(out, "reloads", reloads_text(status));
  fact(out, "registry",
       "index " + text_at(status, "index") + ", epoch " + text_at(status, "epoch"));
  fact(out, "connections",
       text_at(status, "connections") + " of at most " + text_at(status, "max_connections") +
           " (file descriptors: " + text_at(status, "fd_limit") + ")");
  fact(out, "plan", text_at(status, "plan_version"));
  for (const json& queue : list_at(status, "queues")) {
    fact(out, "queue",
         text_at(queue, "clients") + " of at most " + text_at(queue, "limit") + " wait for " +
             text_at(queue, "service"));
  }
  if (count_at(status, "log_lines_dropped") > 0) {
    fact(out, "log", text_at(status, "log_lines_dropped") + " lines dropped");
  }
  Table table({{"WORKER", kRight}, {"PLAN", kRight}, {"CONNECTIONS", kRight}, {"LAG", kRight}});
  for (const json& worker : list_at(status, "workers")) {
    table.add({text_at(worker, "worker"), text_at(worker, "plan_version"),
               text_at(worker, "connections"),
               seconds_text(number_at(worker, "loop_lag_seconds"))});
  }
  out << '\n' << table;
  show_fuses(out, list_at(status, "fuses"));
}

void show_services(std::ostream& out, const json& services) {
  Table table({{"SERVICE"},
               {"INSTANCES", kRight},
               {"UP", kRight},
               {"WARMING", kRight},
               {"DRAINING", kRight},
               {"DOWN", kRight},
               {"CONNECTIONS", kRight}});
  for (const json& service : list_at(services, "services")) {
    const json& instances = list_at(service, "instances");
    std::map<std::string, std::uint64_t> in_state;
    std::uint64_t connections = 0;
    for (const json& instance : instances) {
      ++in_state[text_at(instance, "state")];
      connections += count_at(instance, "connections");
    }
    table.add({text_at(service, "service"), std::to_string(instances.size()),
               std::to_string(in_state["up"]), std::to_string(in_state["warming"]),
               std::to_string(in_state["draining"]), std::to_string(in_state["down"]),
               std::to_string(connections)});
  }
  out << table;
}

void show_instances(std::ostream& out, const json& service) {
  Table table({{"INSTANCE"},
               {"ADDRESS"},
               {"STATE"},
               {"CONNECTIONS", kRight},
               {"WEIGHT", kRight},
               {"PRIORITY", kRight},
               {"ZONE"},
               {"REASON"}});
  for (const json& instance : list_at(service, "instances")) {
    table.add({text_at(instance, "id"), instance_address(instance), text_at(instance, "state"),
               text_at(instance, "connections"), text_at(instance, "weight"),
               text_at(instance, "priority"), text_at(instance, "zone"),
               text_at(instance, "reason")});
  }
  out << table;
}

void show_checks(std::ostream& out, const json& checks) {
  Table table({{"TIME"}, {"TOOK", kRight}, {"RESULT"}, {"REASON"}});
  for (const json& check : list_at(checks, "checks")) {
    const double took_ms = std::ceil(number_at(check, "duration_ms"));
    table.add({text_at(check, "time"), seconds_text(took_ms / 1000),
               flag_at(check, "ok") ? "passed" : "failed", text_at(check, "reason")});
  }
  out << table;
}

void show_connections(std::ostream& out, const json& connections) {
  Table table({{"ID"},
               {"LISTENER"},
               {"SERVICE"},
               {"INSTANCE"},
               {"CLIENT"},
               {"STATE"},
               {"AGE", kRight},
               {"IDLE", kRight},
               {"UP", kRight},
               {"DOWN", kRight},
               {"ATTEMPTS", kRight}});
  const json& shown = list_at(connections, "connections");
  for (const json& connection : shown) {
    table.add({text_at(connection, "id"), text_at(connection, "listener"),
               text_at(connection, "service"), text_at(connection, "instance"),
               text_at(connection, "client"), text_at(connection, "state"),
               duration_at(connection, "age_ms"), duration_at(connection, "idle_ms"),
               size_at(connection, "bytes_up"), size_at(connection, "bytes_down"),
               text_at(connection, "attempts")});
  }
  out << table;
  const std::uint64_t total = count_at(connections, "total");
  if (total > shown.size()) out << "(" << shown.size() << " of " << total << ")\n";
}

void show_explanation(std::ostream& out, const json& told) {
  const std::string winner = text_at(told, "winner");
  fact(out, "listener", text_at(told, "listener"));
  fact(out, "client", or_dash(text_at(told, "client")));
  fact(out, "route", or_dash(text_at(told, "route")));
  fact(out, "service", or_dash(text_at(told, "service")));
  fact(out, "selector", or_dash(text_at(told, "selector")));
  fact(out, "policy", or_dash(text_at(told, "policy")));
  fact(out, "goes to", winner.empty() ? "nobody" : winner);
  fact(out, "because", text_at(told, "why"));
  for (const json& note : list_at(told, "notes")) fact(out, "note", text_of(note));
  show_routes(out, list_at(told, "routes"));
  Table table({{"INSTANCE"},
               {"ADDRESS"},
               {"STATE"},
               {"LOAD", kRight},
               {"WEIGHT", kRight},
               {"PRIORITY", kRight},
               {"PASSED OVER"}});
  for (const json& candidate : list_at(told, "candidates")) {
    table.add({text_at(candidate, "id"), instance_address(candidate), text_at(candidate, "state"),
               text_at(candidate, "connections"), text_at(candidate, "weight"),
               text_at(candidate, "priority"), text_at(candidate, "out")});
  }
  out << '\n' << table;
}

void show_events(std::ostream& out, const json& events) {
  Table table({{"TIME"}, {"WHAT"}, {"INSTANCE"}, {"STATE"}, {"REASON"}});
  for (const json& event : list_at(events, "events")) {
    const std::string kind = text_at(event, "kind");
    const std::string id = text_at(event, "id");
    if (id.empty()) {
      table.add({text_at(event, "time"), kind, "", "", text_at(event, "text")});
      continue;
    }
    const std::string from = text_at(event, "from");
    const std::string to = text_at(event, "to");
    table.add({text_at(event, "time"), kind, text_at(event, "service") + "/" + id,
               from == to ? to : from + " -> " + to, text_at(event, "reason")});
  }
  out << table;
}

void show_reload(std::ostream& out, const json& report) {
  const json& changes = list_at(report, "changes");
  for (const json& change : changes) out << config::one_line(change_text(change)) << '\n';
  for (const json& path : list_at(report, "needs_restart")) {
    out << "! " << config::one_line(text_of(path)) << " waits for a restart\n";
  }
  if (flag_at(report, "dry_run")) {
    out << "would apply " << changes.size() << " change" << (changes.size() == 1 ? "" : "s")
        << '\n';
    return;
  }
  out << "reloaded: " << changes.size() << " change" << (changes.size() == 1 ? "" : "s")
      << ", plan " << text_at(report, "plan_version") << ", index " << text_at(report, "index")
      << '\n';
}

void show_problems(std::ostream& out, const json& problems) {
  for (const json& problem : problems) {
    if (!problem.is_object()) {
      out << config::one_line(text_of(problem)) << '\n';
      continue;
    }
    std::string place;
    for (const char* key : {"file", "line", "column"}) {
      const std::string part = text_at(problem, key);
      if (!part.empty() && part != "0") place += part + ":";
    }
    if (const std::string path = text_at(problem, "path"); !path.empty()) place += " " + path + ":";
    out << config::one_line(place + " " + text_at(problem, "severity") + ": " +
                            text_at(problem, "message"))
        << '\n';
  }
}

}  // namespace sluice::cli
