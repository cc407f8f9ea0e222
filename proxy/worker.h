// One worker: a thread, its loop, and the connections that it owns. What a worker does is decided
// by the newest Plan. Workers share nothing with each other but how many connections each has, and,
// for listeners with `accept: least_loaded`, the connections that one leaves for another (Crew).
//
// Such a connection is let in or refused by the worker that accepts it, under the limits of the
// route that is known there. Once in, it holds its places and counts for the other worker, and
// begins there as one accepted there does: session, id, metrics (accepted ones, too), log line. It
// goes by what that worker's plan has under the listener's name; if there is no such listener, not
// yet or no more, by the route that it was let in by, like what an acceptor finds in its queue when
// it goes. If the listener was removed and its connections have been ended meanwhile, so is this
// one, with the same reason.
//
// Made and destroyed by the control loop; stop() has the thread end what connections are left, and
// joins. All workers of a crew are stopped before the first is destroyed: until then they may leave
// connections with each other, and what is left with one that has stopped, its destructor refuses.
// publish(), ask() and the figures may be used from any thread; everything private runs on the
// worker's own.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/log/log.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/latest.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "proxy/plan.h"
#include "proxy/session/crew.h"
#include "proxy/session/fork.h"
#include "proxy/session/session.h"

namespace sluice {

// What a worker tells the control loop. Called on the worker's thread; must not block.
class WorkerEvents {
 public:
  virtual void on_suspect(std::shared_ptr<registry::Live> instance, registry::FailureRow row) = 0;
  virtual void on_trial(registry::Trial trial, bool went_well) = 0;  // as of session::Host
  // It runs by a new plan, or its last connection has gone while it drains.
  virtual void on_progress() = 0;

 protected:
  ~WorkerEvents() = default;
};

// A connection that has moved no byte for a while.
struct QuietOne {
  std::uint32_t worker = 0;
  std::uint64_t serial = 0;
  std::uint64_t quiet_ms = 0;
  const registry::Live* live = nullptr;  // its instance
};

class Worker final : session::Host {
 public:
  Worker(std::uint32_t index, std::unique_ptr<log::Channel> log, session::ProcessLimit& limit,
         session::Crew& crew, WorkerEvents& events);
  ~Worker();

  void start();  // the thread, once all workers of the crew are made
  void stop();   // once or more often
  void publish(std::shared_ptr<const Plan> plan);

  // Has `question` run on the worker's thread, with this worker. Dropped if the worker ends first.
  void ask(std::function<void(Worker&)> question);

  std::uint64_t plan_version() const { return plan_version_.load(); }
  // With those that another worker has left for it and it has not taken yet.
  std::uint64_t connections() const { return crew_.connections(index_); }
  // The most at a time since this was last called; one that comes in that very moment may be
  // missed.
  std::uint64_t take_most_connections();
  std::uint64_t loop_lag_us() const { return lag_shown_us_.load(std::memory_order_relaxed); }
  std::uint64_t busy_polled_ns() const { return poller_.busy_polled_ns(); }
  std::uint32_t index() const { return index_; }

  // In a question only.
  void describe(const std::function<bool(const session::Session&)>& wanted, std::size_t most,
                std::vector<session::Description>& into, std::uint64_t& total) const;
  bool end_session(std::uint64_t serial, metrics::CloseReason reason);
  // The quietest connections of the instances that have moved no byte for so long, `most` of them,
  // in any order; and the end of one, if it is as quiet still.
  std::vector<QuietOne> quiet_ones(const std::vector<std::shared_ptr<registry::Live>>& lives,
                                   std::uint64_t for_ms, std::size_t most) const;
  void end_quiet(const QuietOne& one, std::uint64_t for_ms, metrics::CloseReason reason,
                 std::string_view detail);
  // Those of the instances that have a connection here which moved bytes within the last so many
  // milliseconds.
  std::set<const registry::Live*> busy_ones(
      const std::vector<std::shared_ptr<registry::Live>>& lives, std::uint64_t within_ms) const;

 private:
  void run();
  void on_bell();
  void adopt(std::shared_ptr<const Plan> plan);
  void adopt_listeners();
  std::shared_ptr<session::ServiceState> service_state(
      const std::shared_ptr<const session::Upstream>& upstream);
  std::vector<std::shared_ptr<session::ServiceState>> services_behind(const session::Fork* fork);
  void listen_on(const std::shared_ptr<net::ListenSocket>& socket);
  bool on_accepted(session::RouteState& state, net::Fd socket, const net::SocketAddress& address);
  static std::optional<session::Turnstile::Refusal> let_in(const session::Route& route,
                                                           const net::Peer& client,
                                                           std::uint64_t now_ms,
                                                           session::Places& places);
  void bring_in(const session::RouteState& state, const net::Peer& client, net::Fd socket,
                session::Places&& places);
  void call_in_delayed();
  void call_in(session::RouteState& state);
  void send_away(session::RouteState& state, metrics::CloseReason reason, std::string_view detail);
  void take_arrivals();
  void take_over(session::Arrival arrival);
  void begin(const session::RouteState& state, const net::Peer& client, net::Fd socket,
             session::Places&& places);
  void on_starved(const session::Route& route, int error);
  session::Session* find(std::uint64_t serial) const;  // null: none, or it has ended
  void sweep();
  void end_if_condemned(session::Session& session);
  void on_drain_tick();
  void end_all(metrics::CloseReason reason);
  void measure_lag();
  void on_session_ended(session::Session& session) override;
  void on_suspect(const std::shared_ptr<registry::Live>& instance,
                  registry::FailureRow row) override;
  void on_trial(registry::Trial trial, bool went_well) override;
  std::shared_ptr<session::ServiceState> service_of(const session::Route& route) override;

  const std::uint32_t index_;
  const std::unique_ptr<log::Channel> log_;
  session::ProcessLimit& limit_;
  session::Crew& crew_;
  WorkerEvents& events_;

  net::Latest<std::shared_ptr<const Plan>> next_plan_;
  net::Mailbox<std::function<void(Worker&)>> questions_;
  std::atomic<std::uint64_t> plan_version_{0};
  std::atomic<std::uint64_t> most_connections_{0};
  std::atomic<std::uint64_t> lag_shown_us_{0};

  net::Loop loop_;
  net::Poller poller_;
  net::Wheel wheel_;
  net::Bell bell_;
  net::Timer drain_timer_;
  net::Timer sweep_timer_;
  net::Timer lag_timer_;
  net::Timer delayed_timer_;
  session::Context context_;
  std::shared_ptr<const Plan> plan_;
  std::map<std::string, std::shared_ptr<session::RouteState>, std::less<>> routes_;
  std::map<const net::ListenSocket*, std::shared_ptr<session::RouteState>> doors_;
  std::map<std::string, std::weak_ptr<session::ServiceState>, std::less<>> services_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::deque<session::Arrival> arrivals_;  // taken, and put off to the next turn
  std::vector<std::unique_ptr<session::Session>> sessions_;
  std::uint64_t swept_ = 0;
  std::size_t drain_began_with_ = 0;
  std::uint64_t lag_expected_ns_ = 0;
  std::uint64_t lag_worst_us_ = 0;
  int lag_samples_ = 0;
  std::thread thread_;
};

}  // namespace sluice
