#include "proxy/metrics/metrics.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "proxy/metrics/held.h"
#include "proxy/metrics/page.h"
#include "proxy/metrics/process.h"
#include "proxy/metrics/tally.h"
#include "proxy/net/urgency.h"

namespace sluice::metrics {

namespace {

using registry::Snapshot;

template <class T>
using List = std::vector<std::shared_ptr<const T>>;

template <class Cells, class Read>
std::uint64_t sum(const Cells& cells, Read read) {
  std::uint64_t total = 0;
  for (const auto& slot : cells.all()) total += read(slot);
  return total;
}

template <class Cells, class Histogram>
HistogramSum sum_histogram(const Cells& cells, Histogram histogram) {
  HistogramSum total;
  for (const auto& slot : cells.all()) total.add(slot.*histogram);
  return total;
}

// --- Listeners

void write_listeners(Page& page, const List<ListenerCells>& listeners) {
  auto accepted = Family::counter("sluice_connections_accepted_total",
                                  "Client connections that a listener accepted.");
  auto active = Family::gauge("sluice_connections_active", "Client connections that are open now.");
  auto paused =
      Family::counter("sluice_accept_paused_total",
                      "Times that a listener stopped accepting for want of file descriptors.");
  auto delayed =
      Family::gauge("sluice_connections_delayed",
                    "Clients that were accepted and wait for room under the listener's limits.");
  auto held =
      Family::gauge("sluice_connections_held",
                    "Clients that wait for an instance, under no_instance of the listener.");
  for (const auto& cells : listeners) {
    const LabelSet labels = {{"listener", cells->listener}};
    // In this order: a connection that closes in between is at worst counted as active once more.
    const std::uint64_t closed_so_far =
        sum(*cells, [](const ListenerSlot& slot) { return slot.closed.read(); });
    const std::uint64_t accepted_so_far =
        sum(*cells, [](const ListenerSlot& slot) { return slot.accepted.read(); });
    accepted.add(labels, accepted_so_far);
    active.add(labels, accepted_so_far - closed_so_far);
    paused.add(labels,
               sum(*cells, [](const ListenerSlot& slot) { return slot.accept_paused.read(); }));
    delayed.add(labels, std::uint64_t{cells->delayed.load()});
    held.add(labels, std::uint64_t{cells->held.load()});
  }
  page.write(accepted);
  page.write(active);
  page.write(paused);
  page.write(delayed);
  page.write(held);
}

// --- Routes

void write_closed(Page& page, const List<RouteCells>& routes) {
  auto closed = Family::counter("sluice_connections_closed_total",
                                "Client connections that ended, by close reason.");
  for (const auto& cells : routes) {
    for (std::size_t i = 0; i < kCloseReasons; ++i) {
      closed.add({{"listener", cells->listener},
                  {"service", cells->service},
                  {"reason", word(static_cast<CloseReason>(i))}},
                 sum(*cells, [i](const RouteSlot& slot) { return slot.closed[i].read(); }));
    }
  }
  page.write(closed);
}

void write_bytes(Page& page, const List<RouteCells>& routes) {
  auto bytes = Family::counter("sluice_bytes_total",
                               "Bytes relayed, upstream from the client or downstream to it.");
  auto spliced = Family::counter("sluice_spliced_bytes_total",
                                 "Bytes relayed by splice, without a copy to user space.");
  for (const auto& cells : routes) {
    const auto labels = [&](const char* direction) -> LabelSet {
      return {{"listener", cells->listener}, {"service", cells->service}, {"direction", direction}};
    };
    bytes.add(labels("upstream"),
              sum(*cells, [](const RouteSlot& slot) { return slot.bytes_upstream.read(); }));
    bytes.add(labels("downstream"),
              sum(*cells, [](const RouteSlot& slot) { return slot.bytes_downstream.read(); }));
    spliced.add({{"listener", cells->listener}, {"service", cells->service}},
                sum(*cells, [](const RouteSlot& slot) { return slot.spliced.read(); }));
  }
  page.write(bytes);
  page.write(spliced);
}

void write_connection_durations(Page& page, const List<RouteCells>& routes) {
  auto duration = Family::histogram("sluice_connection_duration_seconds",
                                    "How long client connections lasted, from accept to end.");
  for (const auto& cells : routes) {
    duration.add({{"listener", cells->listener}, {"service", cells->service}},
                 sum_histogram(*cells, &RouteSlot::duration));
  }
  page.write(duration);
}

// --- Splits

void write_splits(Page& page, const List<PartCells>& parts) {
  auto weight =
      Family::gauge("sluice_split_weight",
                    "The weight that a part of a split is drawn by; 0 once its fuse has blown.");
  auto blown = Family::gauge("sluice_split_fuse_blown", "1 once the fuse of the part has blown.");
  auto given = Family::counter("sluice_split_connections_total",
                               "Client connections that the part was given.");
  auto failed =
      Family::counter("sluice_split_failures_total", "Of those, the ones that its service failed.");
  auto passed_over = Family::counter(
      "sluice_split_passed_over_total",
      "Times that the part was drawn, had no instance, and another part of the split had one.");
  for (const auto& cells : parts) {
    const LabelSet labels = {
        {"listener", cells->listener}, {"route", cells->route}, {"part", cells->part}};
    const auto add = [&](Family& family, Counter PartSlot::* counter) {
      family.add(labels, sum(*cells, [&](const PartSlot& slot) { return (slot.*counter).read(); }));
    };
    weight.add(labels, std::uint64_t{cells->weight.load(std::memory_order_relaxed)});
    const auto fuse = cells->fuse.load(std::memory_order_relaxed);
    if (fuse != PartCells::Fuse::none) {
      blown.add(labels, std::uint64_t{fuse == PartCells::Fuse::blown});
    }
    add(failed, &PartSlot::failed);  // before those that were given: never more
    add(given, &PartSlot::given);
    add(passed_over, &PartSlot::passed_over);
  }
  for (Family* family : {&weight, &blown, &given, &failed, &passed_over}) page.write(*family);
}

// --- Connecting to instances

void write_attempts(Page& page, const List<ServiceCells>& services) {
  auto attempts =
      Family::counter("sluice_connect_attempts_total", "Connects to instances, by how they ended.");
  for (const auto& cells : services) {
    for (std::size_t i = 0; i < kConnectResults; ++i) {
      attempts.add(
          {{"service", cells->service}, {"result", net::word(static_cast<ConnectResult>(i))}},
          sum(*cells, [i](const ServiceSlot& slot) { return slot.attempts[i].read(); }));
    }
  }
  page.write(attempts);
}

void write_retries(Page& page, const List<ServiceCells>& services) {
  auto retries = Family::counter(
      "sluice_retries_total",
      "Retries by the result that made them necessary; early_close: the instance closed before any "
      "byte, and another is told the same; no_instance: nobody was left to take one; "
      "over_budget: waits for room in the retry budget.");
  for (const auto& cells : services) {
    const auto add = [&](std::string_view reason, auto read) {
      retries.add({{"service", cells->service}, {"reason", reason}}, sum(*cells, read));
    };
    for (std::size_t i = 0; i < kConnectResults; ++i) {
      const auto result = static_cast<ConnectResult>(i);
      if (result == ConnectResult::ok) continue;
      add(net::word(result), [i](const ServiceSlot& slot) { return slot.retries[i].read(); });
    }
    add("early_close", [](const ServiceSlot& slot) { return slot.retries_early_close.read(); });
    add("no_instance", [](const ServiceSlot& slot) { return slot.retries_no_instance.read(); });
    add("over_budget", [](const ServiceSlot& slot) { return slot.retries_over_budget.read(); });
  }
  page.write(retries);
}

void write_queues(Page& page, const List<ServiceCells>& services) {
  auto clients = Family::gauge("sluice_queue_clients",
                               "Clients that wait for room, under limits.queue of the service.");
  for (const auto& cells : services) {
    clients.add({{"service", cells->service}}, std::uint64_t{cells->queued.load()});
  }
  page.write(clients);
}

void write_connect_durations(Page& page, const List<ServiceCells>& services) {
  auto duration = Family::histogram("sluice_connect_duration_seconds",
                                    "How long successful connects to instances took.");
  for (const auto& cells : services) {
    duration.add({{"service", cells->service}}, sum_histogram(*cells, &ServiceSlot::connect));
  }
  page.write(duration);
}

// --- Instances, as the registry sees them

constexpr std::array kStates = {registry::State::up, registry::State::warming,
                                registry::State::draining, registry::State::down};

std::size_t instances_of(const Snapshot& snapshot) {
  std::size_t count = 0;
  for (const auto& service : snapshot.services) count += service->instances.size();
  return count;
}

constexpr std::size_t kInOneTurn = 64;  // some 50 us of work

template <class Visit>
void for_each_instance(const Snapshot& snapshot, Visit visit) {
  std::size_t visited = 0;
  for (const auto& service : snapshot.services) {
    for (const auto& instance : service->instances) {
      visit(service->name, *instance);
      if (++visited % kInOneTurn == 0) net::give_way();
    }
  }
}

// A family whose series are read_value() of each instance.
template <class Read>
void write_instances(Page& page, const Snapshot& snapshot, Family family, Read read_value) {
  family.expect(instances_of(snapshot));
  for_each_instance(snapshot, [&](const std::string& service, const registry::Instance& instance) {
    family.add({{"service", service}, {"instance", *instance.id}},
               std::uint64_t{read_value(instance)});
  });
  page.write(family);
}

void write_instance_states(Page& page, const Snapshot& snapshot) {
  auto states =
      Family::gauge("sluice_instance_state",
                    "1 for the effective state that the instance is in, 0 for the others.");
  states.expect(instances_of(snapshot) * kStates.size());
  for_each_instance(snapshot, [&](const std::string& service, const registry::Instance& instance) {
    for (const registry::State state : kStates) {
      states.add({{"service", service}, {"instance", *instance.id}, {"state", word(state)}},
                 std::uint64_t{instance.effective.state == state});
    }
  });
  page.write(states);
}

// Of those that have a breaker.
void write_breakers(Page& page, const Snapshot& snapshot) {
  using registry::BreakerState;
  auto breakers = Family::gauge("sluice_instance_breaker",
                                "1 for the state that the instance's breaker is in, 0 for the "
                                "others; none of those without a breaker.");
  for_each_instance(snapshot, [&](const std::string& service, const registry::Instance& instance) {
    if (instance.inputs.breaker == BreakerState::none) return;
    for (const auto state : {BreakerState::closed, BreakerState::open, BreakerState::half_open}) {
      breakers.add({{"service", service}, {"instance", *instance.id}, {"state", word(state)}},
                   std::uint64_t{instance.inputs.breaker == state});
    }
  });
  page.write(breakers);
}

void write_all_instances(Page& page, const Snapshot& snapshot) {
  using registry::Instance;
  write_instances(
      page, snapshot,
      Family::gauge("sluice_instance_up", "1 while the instance is eligible for new connections."),
      [](const Instance& instance) { return instance.is_up(); });
  write_instance_states(page, snapshot);
  write_breakers(page, snapshot);
  write_instances(
      page, snapshot,
      Family::gauge("sluice_instance_connections", "Established connections to the instance."),
      [](const Instance& instance) {
        return instance.live->active.load(std::memory_order_relaxed);
      });
  write_instances(page, snapshot,
                  Family::counter("sluice_instance_selected_total",
                                  "Times that a balancer picked the instance."),
                  [](const Instance& instance) {
                    return instance.live->selected.load(std::memory_order_relaxed);
                  });
}

void write_panics(Page& page, const Snapshot& snapshot) {
  auto panics = Family::gauge("sluice_service_panic",
                              "1 while so few instances are eligible that all are taken.");
  for (const auto& service : snapshot.services) {
    panics.add({{"service", service->name}}, std::uint64_t{service->panics});
  }
  page.write(panics);
}

void write_registry(Page& page, const Snapshot& snapshot, const Tally& tally) {
  auto instances = Family::gauge("sluice_registry_instances", "Instances by effective state.");
  for (const auto& service : snapshot.services) {
    for (const registry::State state : kStates) {
      const auto count = std::ranges::count_if(service->instances, [&](const auto& instance) {
        return instance->effective.state == state;
      });
      instances.add({{"service", service->name}, {"state", registry::word(state)}},
                    static_cast<std::uint64_t>(count));
    }
  }
  page.write(instances);
  page.write(
      Family::gauge("sluice_registry_index", "The registry's index, which each change moves.")
          .add({}, snapshot.index));
  page.write(Family::counter("sluice_registered_services_total", "Instances that were added.")
                 .add({}, tally.instances_added));
  page.write(Family::counter("sluice_deregistered_services_total", "Instances that were removed.")
                 .add({}, tally.instances_removed));
}

// --- Events

void write_checks(Page& page, const Snapshot& snapshot, const Tally& tally) {
  auto checks = Family::counter("sluice_checks_total", "Active checks, by result.");
  auto failures =
      Family::counter("sluice_health_check_failures_total", "Active checks that failed.");
  auto duration =
      Family::histogram("sluice_check_duration_seconds", "How long active checks took.");
  for (const auto& [service, checked] : tally.checks) {
    if (!snapshot.services.contains(service)) continue;
    const std::uint64_t failed = checked->failures.read();
    checks.add({{"service", service}, {"result", "success"}}, checked->successes.read());
    checks.add({{"service", service}, {"result", "failure"}}, failed);
    failures.add({{"service", service}}, failed);
    HistogramSum durations;
    durations.add(checked->duration);
    duration.add({{"service", service}}, durations);
  }
  page.write(checks);
  page.write(failures);
  page.write(duration);
}

void write_discovery(Page& page, const Snapshot& snapshot, const Tally& tally) {
  auto requests = Family::counter("sluice_discovery_requests_total",
                                  "Requests for the instances of a service, by HTTP status; "
                                  "service is empty for unknown ones.");
  for (const auto& [key, count] : tally.discovery_requests) {
    const auto& [service, status] = key;
    if (!service.empty() && !snapshot.services.contains(service)) continue;
    requests.add({{"service", service}, {"status", std::to_string(status)}}, count);
  }
  page.write(requests);
}

void write_took(Page& page, const char* name, const char* help, const Took& took) {
  HistogramSum durations;
  durations.add(took.duration);
  auto family = Family::histogram(name, help);
  family.add({}, durations);
  page.write(family);
}

void write_store(Page& page, const Sources::Store& store) {
  page.write(Family::gauge("sluice_store_up", "Whether the store took the last write.")
                 .add({}, std::uint64_t{store.is_well}));
  page.write(Family::counter("sluice_store_transactions_total", "Writes that are durable.")
                 .add({}, store.transactions));
  page.write(Family::counter("sluice_store_commits_total", "Commits; one holds many writes.")
                 .add({}, store.commits));
  page.write(Family::counter("sluice_store_failures_total", "Writes that failed.")
                 .add({}, store.failures));
}

void write_reloads(Page& page, const Tally& tally) {
  page.write(Family::counter("sluice_reloads_total", "Reloads of the configuration, by result.")
                 .add({{"result", "success"}}, tally.reloads_done)
                 .add({{"result", "failure"}}, tally.reloads_failed));
}

// --- The process

void write_workers(Page& page, const std::vector<Sources::Worker>& workers) {
  auto version = Family::gauge("sluice_plan_version", "The plan that a worker runs by.");
  auto lag = Family::gauge("sluice_worker_loop_lag_seconds",
                           "How late a worker's loop came to its last tick.");
  auto asked =
      Family::counter("sluice_worker_busy_poll_seconds_total",
                      "For how long a worker without work asked for news before it slept.");
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const std::string worker = std::to_string(i);
    const LabelSet labels = {{"worker", worker}};
    version.add(labels, workers[i].plan_version);
    lag.add(labels, workers[i].loop_lag_seconds);
    asked.add(labels, workers[i].busy_poll_seconds);
  }
  page.write(version);
  page.write(lag);
  page.write(asked);
}

void write_process(Page& page) {
  const auto process = read_process();
  if (!process) return;
  const auto gauge = [&](const char* name, const char* help, auto value) {
    page.write(Family::gauge(name, help).add({}, value));
  };
  page.write(Family::counter("process_cpu_seconds_total", "User and system CPU time spent.")
                 .add({}, process->cpu_seconds));
  gauge("process_resident_memory_bytes", "Resident memory size.", process->resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory size.", process->virtual_bytes);
  gauge("process_open_fds", "Open file descriptors.", process->open_fds);
  gauge("process_max_fds", "The limit on open file descriptors.", process->max_fds);
  gauge("process_threads", "Threads.", process->threads);
  gauge("process_start_time_seconds", "Start of the process, in Unix time.",
        process->start_time_seconds);
}

// What was counted by the time that somebody asked, to be read without a lock.
struct Counted {
  List<ListenerCells> listeners;
  List<RouteCells> routes;
  List<ServiceCells> services;
  List<PartCells> parts;
  Tally tally;
};

}  // namespace

struct Metrics::State {
  State(std::size_t worker_count, Sources with) : workers(worker_count), sources(std::move(with)) {}

  std::shared_ptr<const Snapshot> snapshot() const {
    if (auto current = sources.snapshot()) return current;
    return std::make_shared<const Snapshot>();
  }

  Counted counted() const {
    const std::lock_guard lock(mutex);
    return {listeners.all(), routes.all(), services.all(), parts.all(), tally};
  }

  const std::size_t workers;
  const Sources sources;

  mutable std::mutex mutex;  // guards what follows; no source is called under it
  Held<std::string, ListenerCells> listeners;
  Held<std::pair<std::string, std::string>, RouteCells> routes;
  Held<std::string, ServiceCells> services;
  Held<std::array<std::string, 3>, PartCells> parts;
  Tally tally;
};

Metrics::Metrics(std::size_t workers, Sources sources)
    : state_(std::make_unique<State>(workers, std::move(sources))) {}

Metrics::~Metrics() = default;

std::shared_ptr<ListenerCells> Metrics::listener(const std::string& listener) {
  const std::lock_guard lock(state_->mutex);
  return state_->listeners.find_or_make(
      listener, [&] { return std::make_shared<ListenerCells>(state_->workers, listener); });
}

std::shared_ptr<RouteCells> Metrics::route(const std::string& listener,
                                           const std::string& service) {
  const std::lock_guard lock(state_->mutex);
  return state_->routes.find_or_make({listener, service}, [&] {
    return std::make_shared<RouteCells>(state_->workers, listener, service);
  });
}

std::shared_ptr<ServiceCells> Metrics::service(const std::string& service) {
  const std::lock_guard lock(state_->mutex);
  return state_->services.find_or_make(
      service, [&] { return std::make_shared<ServiceCells>(state_->workers, service); });
}

std::shared_ptr<PartCells> Metrics::part(const std::string& listener, const std::string& route,
                                         const std::string& part) {
  const std::lock_guard lock(state_->mutex);
  return state_->parts.find_or_make({listener, route, part}, [&] {
    return std::make_shared<PartCells>(state_->workers, listener, route, part);
  });
}

void Metrics::checked(const std::string& service, bool success, std::uint64_t duration_us) {
  const std::lock_guard lock(state_->mutex);
  auto& checks = state_->tally.checks[service];
  if (!checks) checks = std::make_shared<CheckTally>();
  (success ? checks->successes : checks->failures).increment();
  checks->duration.observe(duration_us);
}

void Metrics::reloaded(bool ok) {
  const std::lock_guard lock(state_->mutex);
  ++(ok ? state_->tally.reloads_done : state_->tally.reloads_failed);
}

void Metrics::instance_added() {
  const std::lock_guard lock(state_->mutex);
  ++state_->tally.instances_added;
}

void Metrics::instance_removed() {
  const std::lock_guard lock(state_->mutex);
  ++state_->tally.instances_removed;
}

void Metrics::registered(std::uint64_t took_us) {
  const std::lock_guard lock(state_->mutex);
  state_->tally.registrations->duration.observe(took_us);
}

void Metrics::routed(std::uint64_t took_us) {
  const std::lock_guard lock(state_->mutex);
  state_->tally.plans->duration.observe(took_us);
}

void Metrics::discovery_request(const std::string& service, int status) {
  const bool known = state_->snapshot()->services.contains(service);
  const std::lock_guard lock(state_->mutex);
  ++state_->tally.discovery_requests[{known ? service : std::string(), status}];
}

void Metrics::prune() {
  const auto snapshot = state_->snapshot();
  const auto is_gone = [&](const std::string& service) {
    return !service.empty() && !snapshot->services.contains(service);
  };
  const std::lock_guard lock(state_->mutex);
  state_->listeners.prune();
  state_->routes.prune();
  state_->services.prune();
  state_->parts.prune();
  std::erase_if(state_->tally.checks, [&](const auto& entry) { return is_gone(entry.first); });
  std::erase_if(state_->tally.discovery_requests,
                [&](const auto& entry) { return is_gone(entry.first.first); });
}

std::string Metrics::text() const {
  const Sources& sources = state_->sources;
  const Counted counted = state_->counted();
  const auto snapshot = state_->snapshot();
  Page page;
  write_listeners(page, counted.listeners);
  write_closed(page, counted.routes);
  write_bytes(page, counted.routes);
  write_connection_durations(page, counted.routes);
  write_splits(page, counted.parts);
  write_attempts(page, counted.services);
  write_retries(page, counted.services);
  write_queues(page, counted.services);
  write_connect_durations(page, counted.services);
  write_all_instances(page, *snapshot);
  write_panics(page, *snapshot);
  write_registry(page, *snapshot, counted.tally);
  write_checks(page, *snapshot, counted.tally);
  write_discovery(page, *snapshot, counted.tally);
  write_took(page, "sluice_registration_duration_seconds",
             "How long registrations took, from the request to the answer.",
             *counted.tally.registrations);
  write_took(page, "sluice_discovery_to_dataplane_seconds",
             "How long changes of the registry took to reach every worker.", *counted.tally.plans);
  write_store(page, sources.store());
  write_reloads(page, counted.tally);
  write_workers(page, sources.workers());
  page.write(Family::counter("sluice_log_lines_dropped_total", "Log lines that were lost.")
                 .add({}, sources.log_lines_dropped()));
  page.write(Family::gauge("sluice_build_info", "Always 1; the version is the label.")
                 .add({{"version", sources.version}}, std::uint64_t{1}));
  write_process(page);
  return std::move(page).text();
}

}  // namespace sluice::metrics
