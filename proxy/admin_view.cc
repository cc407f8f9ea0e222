#include "proxy/admin_view.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice {

namespace {

// One list put together from the answers of all workers; the last one sends it.
struct Gathering {
  std::mutex mutex;
  admin::ConnectionList list;
  std::size_t limit = 0;
  std::function<void(admin::ConnectionList)> done;
  ~Gathering() { done(std::move(list)); }
};

admin::Connection shown(std::uint32_t worker, session::Description&& description) {
  admin::Connection connection;
  connection.id = std::to_string(worker) + "-" + std::to_string(description.serial);
  connection.listener = std::move(description.listener);
  connection.route = std::move(description.route);
  connection.service = std::move(description.service);
  connection.instance = std::move(description.instance);
  connection.client = std::move(description.client);
  connection.upstream = std::move(description.upstream);
  connection.state = description.state;
  connection.age_ms = description.age_ms;
  connection.idle_ms = description.idle_ms;
  connection.bytes_up = description.bytes_up;
  connection.bytes_down = description.bytes_down;
  connection.attempts = description.attempts;
  connection.incarnation = description.incarnation;
  return connection;
}

// A moment before `now` in wall time.
admin::CheckResult shown(const health::CheckResult& result, registry::Now now) {
  const auto ago_ms =
      static_cast<std::int64_t>(now.mono_ms - std::min(result.ended_ms, now.mono_ms));
  return {now.wall_ms - ago_ms, result.duration_us, *result.failure};
}

bool matches(const session::Session& session, const admin::ConnectionQuery& query) {
  const session::Route& route = session.route();
  if (!query.listener.empty() && route.listener != query.listener) return false;
  if (!query.service.empty() && route.upstream->service != query.service) return false;
  if (query.instance.empty()) return true;
  return session.instance() != nullptr && session.instance()->identity.id == query.instance;
}

struct ConnectionId {
  std::uint32_t worker = 0;
  std::uint64_t serial = 0;
};

std::optional<ConnectionId> parse_id(std::string_view text) {
  ConnectionId id;
  const char* end = text.data() + text.size();
  const auto worker = std::from_chars(text.data(), end, id.worker);
  if (worker.ec != std::errc{} || worker.ptr == end || *worker.ptr != '-') return std::nullopt;
  const auto serial = std::from_chars(worker.ptr + 1, end, id.serial);
  if (serial.ec != std::errc{} || serial.ptr != end) return std::nullopt;
  return id;
}

}  // namespace

std::shared_ptr<const registry::Snapshot> AdminView::snapshot() {
  return control_.published_snapshot_.get();
}

admin::Status AdminView::status() {
  static constexpr std::string_view kPhases[] = {"starting", "ready", "draining"};
  const auto snapshot = control_.published_snapshot_.get();
  const auto plan = control_.published_plan_.get();
  admin::Status status;
  status.version = SLUICE_VERSION;
  status.pid = ::getpid();
  status.config_file = control_.options_.config_file;
  status.started_ms = control_.started_wall_ms_;
  status.uptime_ms = net::monotonic_ms() - control_.started_ms_;
  status.phase = kPhases[static_cast<std::size_t>(control_.phase_.load())];
  status.index = snapshot->index;
  status.epoch = snapshot->epoch;
  status.plan_version = plan ? plan->version : 0;
  status.connections = control_.limit_.connections.load();
  status.max_connections = control_.limit_.limit.load();
  status.fd_limit = control_.fd_limit_;
  status.reloads_ok = control_.reloads_ok_.load();
  status.reloads_failed = control_.reloads_failed_.load();
  status.last_reload_error = *control_.last_reload_error_.get();
  status.log_lines_dropped = control_.log_.dropped() + control_.log_.failed();
  for (const auto& worker : control_.workers_) {
    status.workers.push_back({worker->index(), worker->plan_version(), worker->connections(),
                              static_cast<double>(worker->loop_lag_us()) / 1e6});
  }
  status.fuses = *control_.published_fuses_.get();
  for (const config::Service& service : control_.published_config_.get()->services) {
    const Crowd crowd = this->crowd(service.name);
    if (crowd.queued > 0) {
      status.queues.push_back({service.name, crowd.queued, service.limits.queue});
    }
  }
  return status;
}

bool AdminView::is_ready() {
  return control_.phase_.load() == sluice::Control::Phase::ready;
}

std::string AdminView::metrics_text() {
  return control_.metrics_.text();
}

std::shared_ptr<const config::Config> AdminView::config() {
  return control_.published_config_.get();
}

std::shared_ptr<const registry::Instance> AdminView::choose(const std::string& service,
                                                            const config::Selector& selector,
                                                            const std::string& client,
                                                            bool& known) {
  const auto snapshot = control_.published_snapshot_.get();
  const auto found = snapshot->services.find(service);
  known = found != nullptr;
  const registry::Instance* instance = nullptr;
  if (known) {
    const balance::Pick pick = this->pick(*found, selector, client);
    if (pick) instance = found->find(pick.member->id());
  }
  announce_room(service);
  control_.metrics_.discovery_request(service, instance != nullptr ? 200 : 404);
  if (instance == nullptr) return nullptr;
  return {found, instance};  // kept alive by its service
}

// What a pick has counted for a moment, somebody may have been refused.
void AdminView::announce_room(const std::string& service) const {
  const auto plan = control_.published_plan_.get();
  const auto upstream = plan ? plan->upstreams.find(service) : nullptr;
  if (upstream != nullptr) session::announce_room(upstream, *upstream->cells);
}

// The plan's own balancer where it has one for that selection.
balance::Pick AdminView::pick(const registry::Service& service, const config::Selector& selector,
                              const std::string& client) {
  const auto plan = control_.published_plan_.get();
  if (!plan) return {};
  const std::string key = selection_key(service.name, selector);
  const auto upstream = plan->upstreams.find(key);
  if (upstream != nullptr) {
    auto cursor = cursors_.find(key);
    if (cursor == cursors_.end()) {
      cursor = cursors_.emplace(key, balance::Cursor::seeded(control_.worker_count_)).first;
    }
    return upstream->balancer->pick({client}, {}, cursor->second);
  }
  const auto config = control_.published_config_.get();
  const config::Service* configured = config->find_service(service.name);
  if (configured == nullptr) return {};
  return selections_.pick(service, configured->balance, selector,
                          preferred_zone(configured->balance, config->registry), client);
}

std::optional<admin::Explanation> AdminView::explain(const std::string& listener,
                                                     const std::string& client) {
  return sluice::explain(
      *control_.published_config_.get(), *control_.published_snapshot_.get(),
      *control_.published_fuses_.get(),
      [this](const std::string& service) { return crowd(service); }, listener, client);
}

Crowd AdminView::crowd(const std::string& service) const {
  const auto plan = control_.published_plan_.get();
  const auto upstream = plan ? plan->upstreams.find(service) : nullptr;
  if (upstream == nullptr) return {};
  return {upstream->cells->connections.load(), upstream->cells->queued.load()};
}

void AdminView::reload(bool dry_run, std::function<void(admin::ReloadReport)> done) {
  control_.post([this, dry_run, done = std::move(done)]() mutable {
    control_.reload(dry_run, std::move(done));
  });
}

void AdminView::connections(const admin::ConnectionQuery& query,
                            std::function<void(admin::ConnectionList)> done) {
  auto gathering = std::make_shared<Gathering>();
  gathering->limit = query.limit;
  gathering->done = std::move(done);
  for (const auto& worker : control_.workers_) {
    worker->ask([gathering, query](Worker& self) {
      std::vector<session::Description> sessions;
      std::uint64_t total = 0;
      self.describe([&query](const session::Session& session) { return matches(session, query); },
                    query.limit, sessions, total);
      const std::lock_guard lock(gathering->mutex);
      gathering->list.total += total;
      for (session::Description& session : sessions) {
        if (gathering->list.connections.size() >= gathering->limit) break;
        gathering->list.connections.push_back(shown(self.index(), std::move(session)));
      }
    });
  }
}

void AdminView::checks(const std::string& service, const std::string& id,
                       std::function<void(std::optional<std::vector<admin::CheckResult>>)> done) {
  const auto snapshot = control_.published_snapshot_.get();
  const registry::Service* const found = snapshot->find(service);
  const registry::Instance* const instance = found != nullptr ? found->find(id) : nullptr;
  if (instance == nullptr) return done(std::nullopt);
  control_.post([this, live = instance->live, done = std::move(done)] {
    const registry::Now now = control_.now();
    std::vector<admin::CheckResult> results;
    for (const health::CheckResult& result : control_.checker_.history(*live)) {
      results.push_back(shown(result, now));
    }
    done(std::move(results));
  });
}

void AdminView::enroll(registry::Registration registration, admin::EnrollWish wish,
                       admin::Answered done) {
  // The answer may come from the store while everything ends: this view goes before it.
  auto timed = [&metrics = control_.metrics_, began_ns = net::monotonic_ns(),
                done = std::move(done)](const admin::WriteAnswer& answer) {
    if (answer.receipt.fault == registry::Fault::none) {
      metrics.registered((net::monotonic_ns() - began_ns) / 1000);
    }
    done(answer);
  };
  control_.post([this, registration = std::move(registration), wish, timed = std::move(timed)] {
    control_.enrollment_.enroll(registration, wish, timed);
  });
}

void AdminView::beat(std::string service, std::string id, registry::Beat beat,
                     admin::Answered done) {
  control_.post([this, service = std::move(service), id = std::move(id), beat,
                 done = std::move(done)] { control_.enrollment_.beat(service, id, beat, done); });
}

void AdminView::leave(std::string service, std::string id, admin::LeaveWish wish,
                      admin::Answered done) {
  control_.post([this, service = std::move(service), id = std::move(id), wish,
                 done = std::move(done)] { control_.enrollment_.leave(service, id, wish, done); });
}

void AdminView::set_admin(std::string service, std::string id, registry::AdminWish wish,
                          admin::Answered done) {
  control_.post(
      [this, service = std::move(service), id = std::move(id), wish = std::move(wish),
       done = std::move(done)] { control_.enrollment_.set_admin(service, id, wish, done); });
}

void AdminView::reset_fuse(admin::FuseName name, std::function<void(bool found)> done) {
  control_.post(
      [this, name = std::move(name), done = std::move(done)] { done(control_.reset_fuse(name)); });
}

void AdminView::close_connection(const std::string& id, std::function<void(bool found)> done) {
  const std::optional<ConnectionId> wanted = parse_id(id);
  if (!wanted || wanted->worker >= control_.workers_.size()) return done(false);
  control_.workers_[wanted->worker]->ask([serial = wanted->serial, done](Worker& self) {
    done(self.end_session(serial, metrics::CloseReason::admin));
  });
}

}  // namespace sluice
