// The control loop: it owns the truth (configuration, registry, checks) and tells the workers what
// follows from it.
//
// Everything here runs on the thread that calls run(), but for what is said to be safe elsewhere:
// the admin view (AdminView) reads published values and posts the rest here, workers report through
// WorkerEvents.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/admin/control.h"
#include "proxy/admin/http.h"
#include "proxy/admin/hub.h"
#include "proxy/briefing.h"
#include "proxy/departures.h"
#include "proxy/enrollment.h"
#include "proxy/health/checker.h"
#include "proxy/inquiry.h"
#include "proxy/keeper.h"
#include "proxy/limits.h"
#include "proxy/log/log.h"
#include "proxy/metrics/metrics.h"
#include "proxy/net/latest.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "proxy/planner.h"
#include "proxy/published.h"
#include "proxy/rebalancer.h"
#include "proxy/reloader.h"
#include "proxy/rollouts.h"
#include "proxy/server.h"
#include "proxy/splits.h"
#include "proxy/worker.h"
#include "registry/registry.h"

namespace sluice {

class AdminView;

class Control final : WorkerEvents {
 public:
  // Opens the log and binds every listener; throws std::runtime_error for the operator, and then
  // nothing stays open. `tokens` as in a Briefing.
  Control(ServerOptions options, const config::Config& config,
          std::shared_ptr<const access::Tokens> tokens);
  ~Control();

  // Starts workers and checks, opens the listeners once every instance has had its first verdict
  // (or the longest check timeout has passed), and returns when the process has drained. `api`
  // serves meanwhile.
  void run(admin::HttpServer& api);

  admin::Control& admin_view();
  admin::Hub& hub() { return hub_; }  // outlived by no server of the API
  // Any thread: those that count now; null: everything is allowed.
  std::shared_ptr<const access::Tokens> tokens() const { return published_tokens_.get(); }

  // Any thread: has `action` run on the control loop.
  void post(std::function<void()> action);

 private:
  friend class AdminView;
  enum class Phase : std::uint8_t { starting, ready, draining };

  // Workers' threads.
  void on_suspect(std::shared_ptr<registry::Live> instance, registry::FailureRow row) override;
  void on_trial(registry::Trial trial, bool went_well) override;
  void on_progress() override;

  void on_bell();
  bool on_probe(const health::ProbeReport& report);
  void on_registry_due();
  void open_listeners();
  void after_changes();
  void take_departed();
  void take_changes();
  void take_panics();
  bool condemns(const registry::Change& change);
  void log_change(const registry::Change& change);
  void publish_if_changed();
  void publish();
  void hand_out(std::shared_ptr<const Plan> plan);
  void await_workers();
  void time_rollout(std::uint64_t index);
  std::uint64_t plan_of_all_workers() const;
  template <class Answer>
  void ask_workers(const std::function<Answer(Worker&)>& question,
                   const std::function<void(Answer& all, Answer one)>& add,
                   std::function<void(Answer)> done);
  void ask_for_flow(Inquiry::Lives lives, std::uint64_t within_ms,
                    std::function<void(Inquiry::Busy)> done);
  config::Duration drain_of(const std::string& service) const;
  metrics::Sources metrics_sources();

  void reload_by_signal();
  void reload(bool dry_run, std::function<void(admin::ReloadReport)> done);
  admin::ReloadReport apply(Briefing briefing, bool dry_run);
  void take_over(config::Config config, SocketSet sockets);
  void condemn_listeners(std::vector<std::shared_ptr<session::ListenerLife>> lives,
                         config::Duration drain);
  void await_departures();
  void on_departures_due();
  void give_back_memory();
  void adopt_splits();
  void look_at_fuses();
  bool reset_fuse(const admin::FuseName& name);  // false: there is no such fuse
  void tell_of_fuse(const admin::FuseStatus& fuse, const std::string& what, const std::string& why);
  void adopt_rebalancing();
  Rebalancer::Hands hands_for_rebalancing();
  void log_rebalancing(const std::string& service, const std::vector<Surplus>& surplus);
  void sweep();
  void tell_reload(const admin::ReloadReport& report,
                   const std::function<void(admin::ReloadReport)>& done);
  void log_reload(const admin::ReloadReport& report);

  void on_terminate();
  void stop_at_once();
  void drain(config::Duration lasts);
  void stop_if_drained();
  registry::Now now() const;

  const ServerOptions options_;
  const std::uint64_t fd_limit_;
  const std::int64_t started_wall_ms_;
  const std::uint64_t started_ms_;
  config::Config config_;
  log::Log log_;
  const std::unique_ptr<log::Channel> channel_;
  const bool is_api_exposed_;  // a new admin.bind waits for a restart, so this does too
  Published<config::Config> published_config_;
  Published<access::Tokens> published_tokens_;
  Published<registry::Snapshot> published_snapshot_;
  Published<Plan> published_plan_;
  Published<std::vector<admin::FuseStatus>> published_fuses_;
  std::atomic<Phase> phase_{Phase::starting};
  session::ProcessLimit limit_;

  net::Loop loop_;
  net::Poller poller_;
  net::Wheel wheel_;
  net::Mailbox<std::function<void()>> actions_;
  net::Bell bell_;
  net::Timer registry_timer_;
  net::Timer publish_timer_;
  net::Timer start_timer_;
  net::Timer departure_timer_;
  net::Timer memory_timer_;
  net::Timer fuse_timer_;
  net::Timer rebalance_timer_;
  std::uint64_t most_connections_ = 0;  // since memory was last given back
  bool crowd_is_leaving_ = false;       // there were fewer at that time than before
  Departures departures_;
  Departures outages_{registry::Condemned::instance_down};  // of `on_down: drain`
  std::list<std::unique_ptr<net::Timer>> listener_timers_;
  registry::Registry registry_;
  admin::Hub hub_;
  const std::uint32_t worker_count_;
  session::Crew crew_;
  std::vector<std::unique_ptr<Worker>> workers_;
  metrics::Metrics metrics_;
  Planner planner_;
  Splits splits_;
  Rebalancer rebalancer_;
  health::Checker checker_;
  Reloader reloader_;
  Keeper keeper_;
  Inquiry inquiry_;
  Enrollment enrollment_;
  std::unique_ptr<AdminView> admin_view_;
  std::vector<std::unique_ptr<net::Signal>> signals_;
  admin::HttpServer* api_ = nullptr;

  std::shared_ptr<const Plan> plan_;  // null until the listeners open
  std::uint64_t next_plan_ms_ = 0;    // not before
  Rollouts rollouts_;
  bool is_timing_rollout_ = false;  // of a change of membership; one at a time
  std::string failure_;             // why run() must throw
  bool is_stopped_ = false;
  std::atomic<std::uint64_t> reloads_ok_{0};
  std::atomic<std::uint64_t> reloads_failed_{0};
  Published<std::string> last_reload_error_;
};

}  // namespace sluice
