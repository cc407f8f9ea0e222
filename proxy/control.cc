#include "proxy/control.h"

#include <linux/close_range.h>
#include <malloc.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>

#include "proxy/admin_view.h"
#include "proxy/net/urgency.h"

namespace sluice {

namespace {

constexpr std::uint64_t kMemoryLookMs = 2000;
constexpr std::uint64_t kCrowd = 256;  // connections

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string random_epoch() {
  unsigned char bytes[8] = {};
  if (::getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
    throw std::runtime_error("the kernel gives no random bytes");
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

// Signals of ours, on this thread and on those that it starts from here on.
void allow_signals(bool allow) {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  ::pthread_sigmask(allow ? SIG_UNBLOCK : SIG_BLOCK, &ours, nullptr);
}

bool awaits_verdicts(const registry::Service* service) {
  return service != nullptr && std::ranges::any_of(service->instances, [](const auto& instance) {
           return instance->inputs.check == registry::CheckState::checking;
         });
}

// The services' own: what an instance brought along does not hold up the others for longer.
std::uint64_t longest_check_timeout_ms(const config::Config& config,
                                       const registry::Snapshot& snapshot) {
  config::Duration longest{0};
  for (const config::Service& service : config.services) {
    if (awaits_verdicts(snapshot.find(service.name))) {
      longest = std::max(longest, service.check.timeout);
    }
  }
  return static_cast<std::uint64_t>(longest.count());
}

}  // namespace

Control::Control(ServerOptions options, const config::Config& config,
                 std::shared_ptr<const access::Tokens> tokens)
    : options_(std::move(options)),
      fd_limit_(make_room_for_fds()),
      started_wall_ms_(wall_ms()),
      started_ms_(net::monotonic_ms()),
      config_(config),
      log_(config.log),
      channel_(log_.open_channel()),
      is_api_exposed_(is_exposed(config.admin)),
      poller_(loop_),
      wheel_(loop_),
      bell_(loop_, [this] { on_bell(); }),
      registry_timer_(loop_, [this] { on_registry_due(); }),
      publish_timer_(loop_, [this] { publish_if_changed(); }),
      start_timer_(loop_, [this] { open_listeners(); }),
      departure_timer_(loop_, [this] { on_departures_due(); }),
      memory_timer_(loop_, [this] { give_back_memory(); }),
      fuse_timer_(loop_, [this] { look_at_fuses(); }),
      rebalance_timer_(loop_, [this] { rebalancer_.look(*registry_.snapshot(), loop_.now_ms()); }),
      registry_(random_epoch(), config.registry),
      hub_(config.registry.watch, registry_.snapshot()),
      worker_count_(worker_count(config)),
      crew_(worker_count_),
      metrics_(worker_count_, metrics_sources()),
      planner_(worker_count_, metrics_),
      splits_(metrics_),
      rebalancer_(hands_for_rebalancing()),
      checker_(loop_, poller_, wheel_,
               [this](const health::ProbeReport& report) { return on_probe(report); }),
      reloader_([load = options_.load] { return brief(load()); },
                [this](std::function<void()> action) { post(std::move(action)); }),
      keeper_(
          make_store(config.registry.store), registry_, *channel_, loop_,
          [this](std::function<void()> action) { post(std::move(action)); },
          [this](const std::string& kind, const std::string& text) {
            hub_.note({kind, text, wall_ms()});
          }),
      inquiry_(poller_, wheel_,
               [this](Inquiry::Lives lives, std::uint64_t within_ms,
                      std::function<void(Inquiry::Busy)> done) {
                 ask_for_flow(std::move(lives), within_ms, std::move(done));
               },
               {[this](const registry::Live& live) {
                  registry_.vouch(live, now());
                  bell_.ring();
                },
                [this](const registry::Live& live, const std::string& why) {
                  registry_.give_up(live, why, now());
                  bell_.ring();
                }}),
      enrollment_({registry_, keeper_, loop_, [this] { return now(); },
                   [this](std::uint64_t index, std::function<void()> done) {
                     rollouts_.await_index(index, std::move(done));
                   },
                   [this](const std::string& service) { return drain_of(service); }}),
      admin_view_(std::make_unique<AdminView>(*this)) {
  // libcurl's wake-up pair is not close-on-exec, nor need be what our caller left open.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  limit_.limit = connection_limit(config, fd_limit_, worker_count_);
  planner_.adopt(planner_.bind(config));
  adopt_splits();
  adopt_rebalancing();
  for (std::uint32_t index = 0; index < worker_count_; ++index) {
    workers_.push_back(std::make_unique<Worker>(index, log_.open_channel(), limit_, crew_,
                                                static_cast<WorkerEvents&>(*this)));
  }
  published_config_.set(std::make_shared<config::Config>(config_));
  published_tokens_.set(std::move(tokens));
  published_snapshot_.set(registry_.snapshot());
  last_reload_error_.set(std::make_shared<std::string>());
}

Control::~Control() {
  for (const auto& worker : workers_) worker->stop();
}

admin::Control& Control::admin_view() {
  return *admin_view_;
}

registry::Now Control::now() const {
  return {loop_.now_ms(), wall_ms()};
}

metrics::Sources Control::metrics_sources() {
  metrics::Sources sources;
  sources.snapshot = [this] { return published_snapshot_.get(); };
  sources.workers = [this] {
    std::vector<metrics::Sources::Worker> workers;
    workers.reserve(workers_.size());
    for (const auto& worker : workers_) {
      workers.push_back({worker->plan_version(), static_cast<double>(worker->loop_lag_us()) / 1e6,
                         static_cast<double>(worker->busy_polled_ns()) / 1e9});
    }
    return workers;
  };
  sources.log_lines_dropped = [this] { return log_.dropped() + log_.failed(); };
  sources.store = [this] {
    const registry::StoreHealth health = keeper_.health();
    return metrics::Sources::Store{health.is_well, health.transactions, health.commits,
                                   health.failures};
  };
  sources.version = SLUICE_VERSION;
  return sources;
}

void Control::run(admin::HttpServer& api) {
  api_ = &api;
  signals_.push_back(std::make_unique<net::Signal>(loop_, SIGTERM, [this] { on_terminate(); }));
  signals_.push_back(std::make_unique<net::Signal>(loop_, SIGINT, [this] { stop_at_once(); }));
  signals_.push_back(std::make_unique<net::Signal>(loop_, SIGHUP, [this] { reload_by_signal(); }));
  channel_->line(config::LogLevel::info, "starting")
      .add("version", SLUICE_VERSION)
      .add("config", options_.config_file)
      .add("workers", worker_count_)
      .add("max_connections", limit_.limit.load())
      .add("fd_limit", fd_limit_)
      .add("admin", api.address());
  for (const auto& worker : workers_) worker->start();
  registry_.reconcile(config_.services, true, now());
  keeper_.restore(now());
  enrollment_.reconfigure(config_);
  checker_.sync(*registry_.snapshot(), config_.services);
  after_changes();
  api.start();
  net::set_urgency(net::Urgency::orders);  // last: who is started later would have it too
  // The timer is only for instances whose first probe hangs; with none to wait for it opens at
  // once.
  start_timer_.start(longest_check_timeout_ms(config_, *registry_.snapshot()));
  memory_timer_.repeat(kMemoryLookMs);
  allow_signals(true);
  loop_.run();
  allow_signals(false);  // one that comes now has been obeyed already, and its default is to kill
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

void Control::post(std::function<void()> action) {
  actions_.post(std::move(action));
  bell_.ring();
}

void Control::on_suspect(std::shared_ptr<registry::Live> instance, registry::FailureRow row) {
  post([this, instance = std::move(instance), row] {
    registry_.failed(*instance, row, now());
    checker_.probe_soon(*instance);  // is it the instance or the way to it?
  });
}

void Control::on_trial(registry::Trial trial, bool went_well) {
  post([this, trial = std::make_shared<registry::Trial>(std::move(trial)), went_well] {
    registry_.tried(*trial->live(), went_well, now());
    if (!went_well) checker_.probe_soon(*trial->live());
  });
}

void Control::on_progress() {
  if (phase_.load() == Phase::draining) post([this] { stop_if_drained(); });
  if (rollouts_.awaits()) post([this] { await_workers(); });
}

void Control::on_bell() {
  for (const auto& action : actions_.take_all()) action();
  after_changes();
}

bool Control::on_probe(const health::ProbeReport& report) {
  metrics_.checked(report.instance->identity.service, report.probe.success, report.duration_us);
  const bool changing = registry_.checked(*report.instance, report.probe, now());
  bell_.ring();  // publishes once for all probes of this turn
  return changing;
}

void Control::on_registry_due() {
  registry_.advance(now());
  after_changes();
}

void Control::open_listeners() {
  if (phase_.load() != Phase::starting) return;
  try {
    Planner::listen(planner_.sockets(), config_);
  } catch (const std::exception& error) {
    failure_ = error.what();
    return loop_.stop();
  }
  start_timer_.stop();
  publish();
  phase_ = Phase::ready;  // not before there is somebody to choose: /readyz says so
  const std::vector<std::string> addresses = planner_.addresses(config_);
  for (const std::string& address : addresses) {
    channel_->line(config::LogLevel::info, "listening").add("address", address);
  }
  if (options_.on_ready) options_.on_ready(api_->address(), addresses);
}

// What follows from all that has happened to the registry since the last time.
void Control::after_changes() {
  if (const auto memos = registry_.take_memos(); !memos.empty()) keeper_.keep(memos, {});
  inquiry_.look_into(registry_.take_doubts());
  take_departed();
  take_changes();
  take_panics();
  const std::uint64_t due = registry_.next_ms();
  if (due == UINT64_MAX) {
    registry_timer_.stop();
  } else {
    // Never at once: libuv 1.44 calls a timer that is due at once again before it looks at
    // anything else, and what is left of many ends would hold up all who ask.
    registry_timer_.start(due > loop_.now_ms() ? due - loop_.now_ms() : 1);
  }
  if (phase_.load() == Phase::starting && !registry_.awaits_first_verdicts() && api_ != nullptr) {
    start_timer_.start(0);
  }
  publish_if_changed();
}

void Control::take_departed() {
  const auto departed = registry_.take_departed();
  if (departed.empty()) return;
  for (const registry::Departed& each : departed) {
    const config::Duration drain = each.drain.value_or(drain_of(each.live->identity.service));
    departures_.depart(each.live, loop_.now_ms() + static_cast<std::uint64_t>(drain.count()));
  }
  await_departures();
}

// Readers see it at once, workers when the time for the next plan has come.
void Control::publish_if_changed() {
  const auto snapshot = registry_.snapshot();
  if (published_snapshot_.get() != snapshot) published_snapshot_.set(snapshot);
  enrollment_.on_shown();
  if (plan_ && plan_->registry_index == snapshot->index) return await_workers();
  if (phase_.load() != Phase::ready) return;
  time_rollout(snapshot->index);
  const std::uint64_t now_ms = loop_.now_ms();
  if (now_ms >= next_plan_ms_) return publish();
  if (!publish_timer_.is_running()) publish_timer_.start(next_plan_ms_ - now_ms);
}

// From the first of the changes that a plan shows until every worker goes by it.
void Control::time_rollout(std::uint64_t index) {
  if (std::exchange(is_timing_rollout_, true)) return;
  rollouts_.await_index(index, [this, changed_ns = net::monotonic_ns()] {
    metrics_.routed((net::monotonic_ns() - changed_ns) / 1000);
    is_timing_rollout_ = false;
  });
}

// For what the present plan shows.
void Control::await_workers() {
  rollouts_.on_published(plan_->version, plan_->registry_index);
  rollouts_.on_progress(plan_of_all_workers());
}

void Control::publish() {
  const auto snapshot = registry_.snapshot();
  published_snapshot_.set(snapshot);
  const std::uint64_t began_ns = net::monotonic_ns();
  hand_out(planner_.plan(config_, *snapshot));
  const std::uint64_t took_us = (net::monotonic_ns() - began_ns) / 1000;
  next_plan_ms_ = loop_.now_ms() + plan_period_ms(took_us);
}

void Control::hand_out(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
  published_plan_.set(plan_);
  rollouts_.on_published(plan_->version, plan_->registry_index);
  for (const auto& worker : workers_) worker->publish(plan_);
  channel_->line(config::LogLevel::debug, "plan")
      .add("version", plan_->version)
      .add("index", plan_->registry_index)
      .add("listeners", std::uint64_t{plan_->listeners.size()})
      .add("draining", plan_->drain.has_value());
}

// Instances that came are checked from here on and forgiven, those that want it are checked
// otherwise, those that went no more.
void Control::take_changes() {
  using Kind = registry::Change::Kind;
  std::vector<registry::Change> changes = registry_.take_changes();
  bool some_condemned = false;
  for (const registry::Change& change : changes) {
    if (change.kind == Kind::added) {
      metrics_.instance_added();
      checker_.add(*change.instance);
      departures_.arrive(*change.instance->live);
    } else if (change.kind == Kind::state) {
      some_condemned = condemns(change) || some_condemned;
    } else if (change.kind == Kind::removed) {
      metrics_.instance_removed();
      checker_.remove(*change.instance->live);
    } else if (change.kind == Kind::updated) {
      checker_.add(*change.instance);
    }
    log_change(change);
  }
  if (some_condemned) sweep();
  const auto snapshot = registry_.snapshot();
  if (hub_.snapshot()->index != snapshot->index) hub_.publish(snapshot, std::move(changes));
}

void Control::take_panics() {
  for (const registry::Panic& panic : registry_.take_panics()) {
    const std::uint32_t of = panic.able + panic.unable;
    channel_
        ->line(panic.begins ? config::LogLevel::warn : config::LogLevel::info,
               panic.begins ? "panic" : "panic over")
        .add("service", panic.service)
        .add("eligible", std::uint64_t{panic.able})
        .add("of", std::uint64_t{of});
    hub_.note({panic.begins ? "panic" : "panic_over",
               "service " + panic.service + ": " + std::to_string(panic.able) + " of " +
                   std::to_string(of) + " eligible",
               wall_ms()});
  }
}

// Connections of an instance that goes down are the service's to say; one that comes back keeps
// what it still has. True: some are to be closed now.
bool Control::condemns(const registry::Change& change) {
  registry::Live& live = *change.instance->live;
  if (change.to != registry::State::down || change.instance->is_up()) {
    outages_.arrive(live);
    live.condemned.store(registry::Condemned::no, std::memory_order_release);
    return false;
  }
  const config::Service* service = config_.find_service(change.service);
  if (service == nullptr || service->on_down == config::OnDown::keep) return false;
  if (service->on_down == config::OnDown::drain) {
    const auto drain = static_cast<std::uint64_t>(service->on_remove.drain.count());
    outages_.depart(change.instance->live, loop_.now_ms() + drain);
    await_departures();
    return false;
  }
  live.condemned.store(service->on_down == config::OnDown::reset
                           ? registry::Condemned::instance_down_reset
                           : registry::Condemned::instance_down,
                       std::memory_order_release);
  return true;
}

void Control::log_change(const registry::Change& change) {
  static constexpr std::string_view kMessages[] = {"instance added", "instance removed",
                                                   "instance updated", "instance state"};
  if (!channel_->enabled(config::LogLevel::info)) return;
  log::Line line =
      channel_->line(config::LogLevel::info, kMessages[static_cast<std::size_t>(change.kind)]);
  line.add("service", change.service).add("instance", change.id);
  line.add("incarnation", change.incarnation).add("address", change.address);
  if (change.kind == registry::Change::Kind::state) {
    line.add("from", registry::word(change.from)).add("to", registry::word(change.to));
  }
  line.add("reason", change.reason).add("index", change.index);
}

std::uint64_t Control::plan_of_all_workers() const {
  std::uint64_t oldest = UINT64_MAX;
  for (const auto& worker : workers_) oldest = std::min(oldest, worker->plan_version());
  return oldest;
}

config::Duration Control::drain_of(const std::string& service) const {
  const config::Service* known = config_.find_service(service);
  return known != nullptr ? known->on_remove.drain : config_.service_defaults.on_remove.drain;
}

// Puts a question to all workers. `add` takes in the answer of each, one after the other; `done` is
// called on the control loop once all have answered, or have ended.
template <class Answer>
void Control::ask_workers(const std::function<Answer(Worker&)>& question,
                          const std::function<void(Answer& all, Answer one)>& add,
                          std::function<void(Answer)> done) {
  struct Gathering {
    Gathering(Control& its_control, std::function<void(Answer)> its_done)
        : control(its_control), done(std::move(its_done)) {}
    Control& control;
    std::function<void(Answer)> done;
    std::mutex mutex;
    Answer all;
    ~Gathering() {
      control.post([told = std::move(done), found = std::move(all)] { told(found); });
    }
  };
  const auto gathering = std::make_shared<Gathering>(*this, std::move(done));
  for (const auto& worker : workers_) {
    worker->ask([gathering, question, add](Worker& self) {
      Answer one = question(self);
      const std::lock_guard lock(gathering->mutex);
      add(gathering->all, std::move(one));
    });
  }
}

// Which of the instances have connections that moved bytes lately.
void Control::ask_for_flow(Inquiry::Lives lives, std::uint64_t within_ms,
                           std::function<void(Inquiry::Busy)> done) {
  const auto wanted = std::make_shared<const Inquiry::Lives>(std::move(lives));
  ask_workers<Inquiry::Busy>(
      [wanted, within_ms](Worker& self) { return self.busy_ones(*wanted, within_ms); },
      [](Inquiry::Busy& all, Inquiry::Busy one) { all.merge(one); }, std::move(done));
}

void Control::reload_by_signal() {
  reload(false, [](const admin::ReloadReport&) {});
}

void Control::reload(bool dry_run, std::function<void(admin::ReloadReport)> done) {
  reloader_.read([this, dry_run, done = std::move(done)](Briefing briefing) {
    const admin::ReloadReport report = apply(std::move(briefing), dry_run);
    if (dry_run) return done(report);
    ++(report.ok ? reloads_ok_ : reloads_failed_);
    metrics_.reloaded(report.ok);
    if (!report.ok || plan_ == nullptr) return tell_reload(report, done);
    rollouts_.await_version(plan_->version, [this, report, done] { tell_reload(report, done); });
    await_workers();
  });
}

admin::ReloadReport Control::apply(Briefing briefing, bool dry_run) {
  admin::ReloadReport report;
  report.dry_run = dry_run;
  report.problems = std::move(briefing.problems);
  const auto refuse = [&](std::string why) {
    report.problems.push_back(
        {config::Severity::error, options_.config_file, 0, 0, "", std::move(why)});
    return report;
  };
  if (phase_.load() == Phase::draining) return refuse("the process is draining");
  if (!briefing.config) return report;
  config::Config& config = *briefing.config;
  if (is_api_exposed_ && (!briefing.tokens || briefing.tokens->is_empty())) {
    return refuse(
        "the API stays open to the network until a restart, so it cannot be without tokens before");
  }
  report.changes = config::diff(config_, config);
  for (const config::Difference& change : report.changes) {
    if (config::needs_restart(change.path)) report.needs_restart.push_back(change.path);
  }
  try {
    SocketSet sockets = planner_.bind(config);
    if (!dry_run) {
      if (phase_.load() == Phase::ready) Planner::listen(sockets, config);
      if (const std::string error = log_.reopen(config.log); !error.empty()) return refuse(error);
      hub_.recheck(briefing.tokens);
      published_tokens_.set(std::move(briefing.tokens));
      take_over(std::move(config), std::move(sockets));
    }
  } catch (const std::runtime_error& error) {
    return refuse(error.what());
  }
  report.ok = true;
  report.plan_version = plan_ ? plan_->version : 0;
  report.index = published_snapshot_.get()->index;
  return report;
}

// Nothing in here can fail: what can has happened already, off to the side.
void Control::take_over(config::Config config, SocketSet sockets) {
  condemn_listeners(planner_.lives_not_in(config), config_.process.shutdown.drain);
  planner_.adopt(std::move(sockets));
  registry_.reconfigure(config.registry);
  registry_.reconcile(config.services, false, now());
  take_departed();  // by the drains of before
  config_ = std::move(config);
  published_config_.set(std::make_shared<config::Config>(config_));
  adopt_splits();
  adopt_rebalancing();
  limit_.limit = connection_limit(config_, fd_limit_, worker_count_);
  if (api_ != nullptr) api_->reconfigure(config_.admin);
  enrollment_.reconfigure(config_);
  hub_.reconfigure(config_.registry.watch);
  checker_.sync(*registry_.snapshot(), config_.services);
  after_changes();
  if (phase_.load() == Phase::ready) publish();
  metrics_.prune();
}

// Removed listeners' connections have as long as the process's would have at its end.
void Control::condemn_listeners(std::vector<std::shared_ptr<session::ListenerLife>> lives,
                                config::Duration drain) {
  if (lives.empty()) return;
  const auto place = listener_timers_.emplace(listener_timers_.end());
  *place = std::make_unique<net::Timer>(loop_, [this, place, lives = std::move(lives)] {
    for (const auto& life : lives) life->over.store(true, std::memory_order_release);
    sweep();
    listener_timers_.erase(place);  // and with it this function: nothing may follow
  });
  (*place)->start(static_cast<std::uint64_t>(drain.count()));
}

void Control::await_departures() {
  const std::uint64_t due = std::min(departures_.next_ms(), outages_.next_ms());
  if (due == UINT64_MAX) return departure_timer_.stop();
  departure_timer_.start(due > loop_.now_ms() ? due - loop_.now_ms() : 0);
}

void Control::on_departures_due() {
  const bool some_left = departures_.condemn_due(loop_.now_ms());
  const bool some_down = outages_.condemn_due(loop_.now_ms());
  if (some_left || some_down) sweep();
  await_departures();
}

// The allocator keeps what closed connections leave, in case as many come again. After a crowd has
// gone, the kernel gets it back: from here, since it takes milliseconds.
void Control::give_back_memory() {
  std::uint64_t connections = 0, most = 0;
  for (const auto& worker : workers_) {
    connections += worker->connections();
    most += worker->take_most_connections();
  }
  most_connections_ = std::max(most_connections_, most);
  const bool crowd_has_left = most_connections_ >= kCrowd && connections <= most_connections_ / 2;
  if (!crowd_has_left && !crowd_is_leaving_) return;
  crowd_is_leaving_ = connections < most_connections_;  // then once more, when the last have gone
  most_connections_ = connections;
  ::malloc_trim(0);
}

void Control::adopt_splits() {
  splits_.adopt(config_, now());
  published_fuses_.set(std::make_shared<std::vector<admin::FuseStatus>>(splits_.statuses()));
  if (!splits_.has_fuses()) return fuse_timer_.stop();
  if (!fuse_timer_.is_running()) fuse_timer_.repeat(Splits::kLookEveryMs);
}

void Control::adopt_rebalancing() {
  rebalancer_.adopt(config_);
  if (!rebalancer_.has_work()) return rebalance_timer_.stop();
  if (!rebalance_timer_.is_running()) rebalance_timer_.repeat(Rebalancer::kLookEveryMs);
}

Rebalancer::Hands Control::hands_for_rebalancing() {
  return {
      .find =
          [this](Rebalancer::Lives lives, std::uint64_t for_ms, std::size_t most,
                 std::function<void(std::vector<QuietOne>)> done) {
            using Ones = std::vector<QuietOne>;
            ask_workers<Ones>(
                [lives = std::move(lives), for_ms, most](Worker& self) {
                  return self.quiet_ones(lives, for_ms, most);
                },
                [](Ones& all, Ones one) { all.insert(all.end(), one.begin(), one.end()); },
                std::move(done));
          },
      .close =
          [this](const QuietOne& one, std::uint64_t for_ms) {
            workers_.at(one.worker)->ask([one, for_ms](Worker& self) {
              self.end_quiet(one, for_ms, metrics::CloseReason::rebalance,
                             "its instance has more than its share");
            });
          },
      .tell = [this](const std::string& service,
                     const std::vector<Surplus>& surplus) { log_rebalancing(service, surplus); }};
}

void Control::log_rebalancing(const std::string& service, const std::vector<Surplus>& surplus) {
  std::string detail;
  for (const Surplus& each : surplus) {
    detail += (detail.empty() ? "" : "; ") + *each.live->identity.id + " has " +
              std::to_string(each.connections) + " connections, its share is " +
              std::to_string(each.allowed) + " at most";
  }
  channel_->line(config::LogLevel::info, surplus.empty() ? "rebalanced" : "rebalancing")
      .add("service", service)
      .add("detail", detail);
}

void Control::look_at_fuses() {
  const std::vector<admin::FuseStatus> changed = splits_.look(*registry_.snapshot(), now());
  if (changed.empty()) return;
  published_fuses_.set(std::make_shared<std::vector<admin::FuseStatus>>(splits_.statuses()));
  for (const admin::FuseStatus& fuse : changed) tell_of_fuse(fuse, fuse.state, fuse.why);
}

bool Control::reset_fuse(const admin::FuseName& name) {
  const auto fuse = splits_.reset(name, now());
  if (!fuse) return false;
  published_fuses_.set(std::make_shared<std::vector<admin::FuseStatus>>(splits_.statuses()));
  tell_of_fuse(*fuse, "reset", "by the operator's word");
  return true;
}

void Control::tell_of_fuse(const admin::FuseStatus& fuse, const std::string& what,
                           const std::string& why) {
  channel_->line(config::LogLevel::warn, "fuse " + what)
      .add("listener", fuse.listener)
      .add("route", fuse.route)
      .add("part", fuse.part)
      .add("service", fuse.service)
      .add("detail", why);
  hub_.note(
      {"fuse_" + what,
       "listener " + fuse.listener + ", route " + fuse.route + ", part " + fuse.part + ": " + why,
       wall_ms()});
}

// Has the workers look for connections of what was condemned.
void Control::sweep() {
  planner_.condemned();
  if (phase_.load() == Phase::ready) publish();
}

void Control::tell_reload(const admin::ReloadReport& report,
                          const std::function<void(admin::ReloadReport)>& done) {
  log_reload(report);
  done(report);
}

void Control::log_reload(const admin::ReloadReport& report) {
  std::string first_error;
  for (const config::Problem& problem : report.problems) {
    const bool error = problem.severity == config::Severity::error;
    if (error && first_error.empty()) first_error = problem.text();
    channel_->line(error ? config::LogLevel::error : config::LogLevel::warn, "configuration")
        .add("problem", problem.text());
  }
  last_reload_error_.set(std::make_shared<std::string>(first_error));
  log::Line line = channel_->line(report.ok ? config::LogLevel::info : config::LogLevel::error,
                                  report.ok ? "reloaded" : "reload refused");
  line.add("changes", std::uint64_t{report.changes.size()})
      .add("problems", std::uint64_t{report.problems.size()})
      .add("plan", report.plan_version)
      .add("index", report.index);
  for (const std::string& path : report.needs_restart) line.add("needs_restart", path);
  hub_.note({report.ok ? "reloaded" : "reload_refused", first_error, wall_ms()});
}

void Control::on_terminate() {
  if (phase_.load() == Phase::draining) return stop_at_once();
  drain(config_.process.shutdown.drain);
}

void Control::stop_at_once() {
  channel_->line(config::LogLevel::warn, "stopping at once");
  drain(config::Duration{0});
}

void Control::drain(config::Duration lasts) {
  channel_->line(config::LogLevel::info, "draining")
      .add("drain_ms", std::int64_t{lasts.count()})
      .add("connections", limit_.connections.load());
  phase_ = Phase::draining;
  start_timer_.stop();
  rebalance_timer_.stop();
  static const Plan kNothing;
  const DrainPlan drain{loop_.now_ms(), static_cast<std::uint64_t>(lasts.count()),
                        config_.process.shutdown.spread};
  hand_out(planner_.drain_plan(plan_ ? *plan_ : kNothing, drain));
}

void Control::stop_if_drained() {
  const bool drained = std::all_of(workers_.begin(), workers_.end(), [this](const auto& worker) {
    return worker->plan_version() >= plan_->version && worker->connections() == 0;
  });
  if (!drained || std::exchange(is_stopped_, true)) return;
  channel_->line(config::LogLevel::info, "stopped");
  loop_.stop();
}

}  // namespace sluice
