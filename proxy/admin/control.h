// What the admin API may ask of the server: an interface, so that the API is tested without one.
// Called on the admin thread, but for what pages are written from, which may be asked on any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/render.h"
#include "config/selector.h"
#include "registry/requests.h"
#include "registry/snapshot.h"

namespace sluice::admin {

struct WorkerStatus {
  std::uint32_t worker = 0;
  std::uint64_t plan_version = 0;  // the plan it runs by
  std::uint64_t connections = 0;   // that it owns now
  double loop_lag_seconds = 0;     // how late its loop was at most, in the last ten seconds
};

struct FuseName {
  std::string listener, route, part;
};

// The fuse of a split's part.
struct FuseStatus {
  std::string listener, route, part, service;
  std::uint32_t weight = 0;   // as the configuration has it
  std::string state;          // "whole" | "blown": the weight is 0 | "kept": nobody else is there
  std::int64_t since_ms = 0;  // Unix time; 0 while whole
  std::string why;            // "" while whole
};

// A service that clients wait for, under its limits.queue.
struct QueueStatus {
  std::string service;
  std::uint64_t clients = 0;  // at least one
  std::uint64_t limit = 0;
};

struct Status {
  std::string version;
  std::int64_t pid = 0;
  std::string config_file;
  std::int64_t started_ms = 0;  // Unix time
  std::uint64_t uptime_ms = 0;
  std::string phase;  // "starting" | "ready" | "draining"
  std::uint64_t index = 0;
  std::string epoch;
  std::uint64_t plan_version = 0;  // the newest one published
  std::uint64_t connections = 0;
  std::uint64_t max_connections = 0;
  std::uint64_t fd_limit = 0;
  std::uint64_t reloads_ok = 0;
  std::uint64_t reloads_failed = 0;
  std::string last_reload_error;  // "" after a good one
  std::uint64_t log_lines_dropped = 0;
  std::vector<WorkerStatus> workers;
  std::vector<FuseStatus> fuses;
  std::vector<QueueStatus> queues;
};

// A live session. Times in ms.
struct Connection {
  std::string id;  // "<worker>-<serial>"
  std::string listener, route, service, instance, client, upstream;
  std::string state;  // "preface" | "held" | "queued" | "connecting" | "relaying" | "closing"
  std::uint64_t age_ms = 0;
  std::uint64_t idle_ms = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint32_t attempts = 0;
  std::uint64_t incarnation = 0;
};

struct ConnectionQuery {
  std::string service, listener, instance;  // "": any
  std::size_t limit = 1000;
};

struct ConnectionList {
  std::uint64_t total = 0;              // that match
  std::vector<Connection> connections;  // at most `limit`
};

// One result of an instance's check.
struct CheckResult {
  std::int64_t ended_ms = 0;  // Unix time
  std::uint64_t duration_us = 0;
  std::string failure;  // why it failed; "": it passed
};

struct ReloadReport {
  bool ok = false;
  bool dry_run = false;
  std::vector<config::Problem> problems;
  std::vector<config::Difference> changes;
  std::vector<std::string> needs_restart;  // paths that changed and wait for a restart
  std::uint64_t plan_version = 0;
  std::uint64_t index = 0;
};

// --- Why a connection would go where

struct Candidate {
  std::shared_ptr<const registry::Instance> instance;
  std::uint32_t load = 0;  // connections, pending ones included
  std::string out;         // why it is passed over; "": it is not
};

// A part of a split, or all of a route without one.
struct WayShown {
  std::string part, service, selector;
  std::uint32_t weight = 0;  // as the configuration has it
  double share = 0;          // of the route's connections, as things are: 0 to 1
  std::string out;           // why it is drawn less often than its weight says; "": it is not
};

struct RouteShown {
  std::string route;
  bool is_taken = false;
  std::string why;  // it is, or is not
  std::vector<WayShown> ways;
};

struct Explanation {
  std::uint64_t index = 0;  // of the registry that it holds for
  std::string listener, client, route, service, selector, policy;
  std::vector<RouteShown> routes;     // in their order; none: the listener has a service
  std::vector<Candidate> candidates;  // all instances of the service, by id
  std::string refused;                // why the client is not let in; "": it is
  std::string winner;                 // the id; "": nobody
  std::string why;                    // how it was chosen, or why nobody was
  std::vector<std::string> notes;     // what else decides who is let in, as whom, and who is chosen
};

// --- What clients ask of the registry

struct EnrollWish {
  bool creates = false;       // an id that exists is a fault
  bool wait_applied = false;  // answer once every worker routes by it
};

struct LeaveWish {
  std::optional<std::uint64_t> incarnation;  // only this one or a younger one
  std::optional<config::Duration> drain;     // none: the service's
  bool wait = false;                         // answer when the last connection is gone
};

struct WriteAnswer {
  registry::Receipt receipt;
  std::string not_kept;           // why it would not survive a restart; "": it would
  std::uint32_t connections = 0;  // of leave(): that are left
};
using Answered = std::function<void(const WriteAnswer&)>;

class Control {
 public:
  virtual ~Control() = default;

  // Any thread, several at once; may take long.
  virtual std::shared_ptr<const registry::Snapshot> snapshot() = 0;
  virtual std::string metrics_text() = 0;
  virtual std::shared_ptr<const config::Config> config() = 0;
  // Whether `client` (an IP address, or "") is let in by a listener, and where its connection would
  // go; nothing: there is no such listener. Changes nothing.
  virtual std::optional<Explanation> explain(const std::string& listener,
                                             const std::string& client) = 0;

  // The admin thread, which waits: at once.
  virtual Status status() = 0;
  virtual bool is_ready() = 0;
  // One of the service's instances that `selector` holds for, as a connection from `client` to a
  // listener with that selector would be given; counted as a pick, not as a connection.
  // Null: none eligible, or none with room. `known` is false when there is no such service.
  // `client` is an IP address in its canonical text, or "" for nobody in particular.
  virtual std::shared_ptr<const registry::Instance> choose(const std::string& service,
                                                           const config::Selector& selector,
                                                           const std::string& client,
                                                           bool& known) = 0;
  // The rest answers once, now or later, from any thread. A `done` that is dropped uncalled answers
  // 503.
  virtual void reload(bool dry_run, std::function<void(ReloadReport)> done) = 0;
  virtual void connections(const ConnectionQuery& query,
                           std::function<void(ConnectionList)> done) = 0;
  // The last results of an instance's checks, oldest first; nothing: there is no such instance.
  virtual void checks(const std::string& service, const std::string& id,
                      std::function<void(std::optional<std::vector<CheckResult>>)> done) = 0;
  virtual void enroll(registry::Registration registration, EnrollWish wish, Answered done) = 0;
  virtual void beat(std::string service, std::string id, registry::Beat beat, Answered done) = 0;
  virtual void leave(std::string service, std::string id, LeaveWish wish, Answered done) = 0;
  virtual void set_admin(std::string service, std::string id, registry::AdminWish wish,
                         Answered done) = 0;
  // Makes a blown fuse whole, and a whole one count anew.
  virtual void reset_fuse(FuseName name, std::function<void(bool found)> done) = 0;
  virtual void close_connection(const std::string& id, std::function<void(bool found)> done) = 0;
};

}  // namespace sluice::admin
