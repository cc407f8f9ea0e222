#include "proxy/worker.h"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>

#include "proxy/balance/cursor.h"
#include "proxy/net/urgency.h"

namespace sluice {

using metrics::CloseReason;

namespace {

constexpr std::uint64_t kDrainTickMs = 50;
constexpr std::uint64_t kQuietMs =
    1000;  // without a byte for so long a connection may be closed while draining
// Of what was condemned, so many are ended in a turn, and the others in further turns: thousands of
// clients that come back do so over a while, and the living are not held up.
constexpr std::size_t kSweepBatch = 64;
constexpr std::uint64_t kSweepEveryMs = 5;
constexpr std::uint64_t kLagEveryMs = 500;
constexpr int kLagSamples = 20;  // ten seconds
constexpr std::string_view kListenerRemoved = "the listener was removed";
// How often those who wait for a listener's rate are looked at. Places are told of.
constexpr std::uint64_t kDelayedEveryMs = 20;

// Whether a client that is refused so is to wait instead, having come at `since_ms`.
bool is_to_wait(const session::Route& route, const session::Turnstile::Refusal& refusal,
                std::uint64_t since_ms, std::uint64_t now_ms) {
  if (refusal.reason != CloseReason::limit_listener) return false;
  if (route.over_limit == config::OverLimit::backlog) return true;
  const auto most_ms = static_cast<std::uint64_t>(route.timeouts.first_bytes.count());
  return route.over_limit == config::OverLimit::delay &&
         (most_ms == 0 || now_ms - since_ms < most_ms);
}

}  // namespace

Worker::Worker(std::uint32_t index, std::unique_ptr<log::Channel> log, session::ProcessLimit& limit,
               session::Crew& crew, WorkerEvents& events)
    : index_(index),
      log_(std::move(log)),
      limit_(limit),
      crew_(crew),
      events_(events),
      poller_(loop_),
      wheel_(loop_),
      bell_(loop_, [this] { on_bell(); }),
      drain_timer_(loop_, [this] { on_drain_tick(); }),
      sweep_timer_(loop_, [this] { sweep(); }),
      lag_timer_(loop_, [this] { measure_lag(); }),
      delayed_timer_(loop_, [this] { call_in_delayed(); }),
      context_{loop_, poller_, wheel_, *log_, *this, index} {
  crew_.open(index_, bell_);
}

Worker::~Worker() {
  stop();
  for (session::Arrival& late : crew_.take_arrivals(index_)) arrivals_.push_back(std::move(late));
  for (session::Arrival& late : arrivals_) {
    session::refuse(context_, *late.route, late.client, std::move(late.socket),
                    CloseReason::shutdown);
  }
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  ask([](Worker& self) {
    self.acceptors_.clear();
    for (const auto& [name, state] : self.routes_) {
      self.send_away(*state, CloseReason::shutdown, "");
    }
    self.end_all(CloseReason::shutdown);
    self.loop_.stop();
  });
  thread_.join();
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), ("worker-" + std::to_string(index_)).c_str());
}

void Worker::run() {
  net::set_urgency(net::Urgency::connections);
  lag_expected_ns_ = net::monotonic_ns() + kLagEveryMs * 1'000'000;
  lag_timer_.repeat(kLagEveryMs);
  loop_.run();
}

void Worker::publish(std::shared_ptr<const Plan> plan) {
  next_plan_.put(std::move(plan));
  bell_.ring();
}

void Worker::ask(std::function<void(Worker&)> question) {
  questions_.post(std::move(question));
  bell_.ring();
}

void Worker::on_bell() {
  if (auto plan = next_plan_.take()) adopt(std::move(*plan));
  take_arrivals();
  call_in_delayed();
  for (const auto& question : questions_.take_all()) question(*this);
}

void Worker::adopt(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
  context_.registry_index = plan_->registry_index;
  poller_.allow_busy_poll(plan_->busy_poll);
  adopt_listeners();
  // Services that live on in connections only see what became of their instances, too.
  for (const auto& [name, state] : services_) {
    const auto alive = state.lock();
    if (!alive) continue;
    if (auto known = plan_->upstreams.find(name)) alive->current = std::move(known);
  }
  std::erase_if(services_, [](const auto& entry) { return entry.second.expired(); });
  if (plan_->sweep != std::exchange(swept_, plan_->sweep)) sweep();
  context_.waiting.look();
  if (plan_->drain && !drain_timer_.is_running()) {
    drain_began_with_ = sessions_.size();
    drain_timer_.repeat(kDrainTickMs);
    on_drain_tick();
  }
  plan_version_.store(plan_->version);
  events_.on_progress();
}

void Worker::adopt_listeners() {
  std::map<std::string, std::shared_ptr<session::RouteState>, std::less<>> routes;
  std::map<const net::ListenSocket*, std::shared_ptr<session::RouteState>> doors;
  for (const ListenerPlan& line : plan_->listeners) {
    auto& state = routes[line.route->listener];
    const auto known = routes_.find(line.route->listener);
    state = known != routes_.end() ? known->second : std::make_shared<session::RouteState>();
    state->current = line.route;
    state->service = service_state(line.route->upstream);
    state->behind = services_behind(line.route->fork.get());
    for (const auto& socket : line.sockets) doors[socket.get()] = state;
  }
  // Those that go accept what is still in their queues, by the routes that they had.
  std::erase_if(acceptors_, [&doors](const auto& acceptor) {
    return !doors.contains(acceptor->socket().get());
  });
  for (const auto& [name, state] : routes_) {
    if (routes.contains(name)) continue;
    if (plan_->drain) {
      send_away(*state, CloseReason::shutdown, "");
    } else {
      send_away(*state, CloseReason::drain, kListenerRemoved);
    }
  }
  routes_ = std::move(routes);
  doors_ = std::move(doors);
  for (const ListenerPlan& line : plan_->listeners) {
    for (const auto& socket : line.sockets) listen_on(socket);
  }
}

std::shared_ptr<session::ServiceState> Worker::service_state(
    const std::shared_ptr<const session::Upstream>& upstream) {
  std::weak_ptr<session::ServiceState>& known = services_[upstream->key];
  std::shared_ptr<session::ServiceState> state = known.lock();
  if (!state) {
    state = std::make_shared<session::ServiceState>(
        session::ServiceState{upstream, balance::Cursor::seeded(index_)});
    known = state;
  }
  state->current = upstream;
  return state;
}

std::vector<std::shared_ptr<session::ServiceState>> Worker::services_behind(
    const session::Fork* fork) {
  std::vector<std::shared_ptr<session::ServiceState>> services;
  if (fork == nullptr) return services;
  for (const session::Fork::Rule& rule : fork->rules()) {
    for (const auto& way : rule.ways) services.push_back(service_state(way->upstream));
  }
  return services;
}

// The newest that is known here of the service, even of a route that is in no plan of ours.
std::shared_ptr<session::ServiceState> Worker::service_of(const session::Route& route) {
  const std::string& name = route.upstream->key;
  if (const auto used = services_.find(name); used != services_.end()) {
    if (auto state = used->second.lock()) return state;
  }
  if (plan_) {
    if (const auto planned = plan_->upstreams.find(name)) return service_state(planned);
  }
  return service_state(route.upstream);
}

void Worker::listen_on(const std::shared_ptr<net::ListenSocket>& socket) {
  const bool known = std::any_of(acceptors_.begin(), acceptors_.end(), [&](const auto& acceptor) {
    return acceptor->socket() == socket;
  });
  if (known || socket->fd(index_) < 0) return;
  const net::ListenSocket* door = socket.get();
  acceptors_.push_back(std::make_unique<net::Acceptor>(
      loop_, poller_, socket, index_,
      net::Acceptor::Handler{
          [this, door](net::Fd accepted, const net::SocketAddress& peer) {
            return on_accepted(*doors_.at(door), std::move(accepted), peer);
          },
          [this, door](int error) { on_starved(*doors_.at(door)->current, error); }}));
}

// False: nobody else is to be accepted until there is room again.
bool Worker::on_accepted(session::RouteState& state, net::Fd socket,
                         const net::SocketAddress& address) {
  const session::Route& route = *state.current;
  const net::Peer peer = net::Peer::of(address);
  if (route.admission) {
    if (const std::string why = route.admission->why_not_from(peer); !why.empty()) {
      session::refuse(context_, route, peer, std::move(socket), CloseReason::denied, why);
      return true;
    }
  }
  session::Places places;
  places.process =
      session::Place::take(limit_.connections, limit_.limit.load(std::memory_order_relaxed));
  if (!places.process) {
    session::refuse(context_, route, peer, std::move(socket), CloseReason::limit_process);
    return true;
  }
  if (route.connection_limit == 0 && !route.asks_turnstile && !state.doorstep.first()) {
    places.listener = session::Place::take(route.listener_cells->places, 0);
    bring_in(state, peer, std::move(socket), std::move(places));
    return true;
  }
  const std::uint64_t now_ms = loop_.now_ms();
  if (state.doorstep.first() == nullptr) {
    const auto no = let_in(route, peer, now_ms, places);
    if (!no) {
      bring_in(state, peer, std::move(socket), std::move(places));
      return true;
    }
    if (!is_to_wait(route, *no, now_ms, now_ms)) {
      session::refuse(context_, route, peer, std::move(socket), no->reason, no->why);
      return true;
    }
  }
  state.doorstep.add(route.listener_cells,
                     {std::move(socket), peer, std::move(places.process), now_ms});
  bell_.ring();  // for a place that was given back before anybody was seen to wait for it
  return route.over_limit != config::OverLimit::backlog;
}

std::optional<session::Turnstile::Refusal> Worker::let_in(const session::Route& route,
                                                          const net::Peer& client,
                                                          std::uint64_t now_ms,
                                                          session::Places& places) {
  places.listener = session::Place::take(route.listener_cells->places, route.connection_limit);
  if (!places.listener) return session::Turnstile::Refusal{CloseReason::limit_listener, ""};
  if (!route.asks_turnstile || (route.admission && route.admission->reads_header_of(client))) {
    return std::nullopt;
  }
  auto no = route.turnstile->let_in(client, now_ms, places.source);
  if (no) places.listener = {};
  return no;
}

void Worker::bring_in(const session::RouteState& state, const net::Peer& client, net::Fd socket,
                      session::Places&& places) {
  if (state.current->accept == config::AcceptMode::reuse_port) {
    places.worker = crew_.take(index_);
    return begin(state, client, std::move(socket), std::move(places));
  }
  session::Crew::Choice least = crew_.take_least(index_);
  places.worker = std::move(least.place);
  if (least.worker == index_) return begin(state, client, std::move(socket), std::move(places));
  crew_.hand_over(least.worker, {std::move(socket), client, state.current, std::move(places)});
}

void Worker::call_in_delayed() {
  bool are_some = false;
  for (const auto& [name, state] : routes_) {
    if (state->doorstep.first() == nullptr) continue;
    call_in(*state);
    are_some = are_some || state->doorstep.first() != nullptr;
  }
  if (are_some) delayed_timer_.start(kDelayedEveryMs);
}

// In their order, as long as there is room; as many in a turn as an acceptor takes.
void Worker::call_in(session::RouteState& state) {
  const std::shared_ptr<const session::Route> route = state.current;
  const std::uint64_t now_ms = loop_.now_ms();
  int called = 0;
  for (const auto* first = state.doorstep.first(); first != nullptr;
       first = state.doorstep.first()) {
    if (++called > net::Acceptor::kBatch) return bell_.ring();
    session::Places places;
    const auto no = let_in(*route, first->peer, now_ms, places);
    if (no && is_to_wait(*route, *no, first->since_ms, now_ms)) return;
    session::Doorstep::Client client = state.doorstep.take_first();
    if (no) {
      session::refuse(context_, *route, client.peer, std::move(client.socket), no->reason, no->why);
      continue;
    }
    places.process = std::move(client.process);
    bring_in(state, client.peer, std::move(client.socket), std::move(places));
  }
  for (const auto& acceptor : acceptors_) {
    const auto door = doors_.find(acceptor->socket().get());
    if (door != doors_.end() && door->second.get() == &state) acceptor->go_on();
  }
}

void Worker::send_away(session::RouteState& state, CloseReason reason, std::string_view detail) {
  while (state.doorstep.first() != nullptr) {
    session::Doorstep::Client client = state.doorstep.take_first();
    session::refuse(context_, *state.current, client.peer, std::move(client.socket), reason,
                    detail);
  }
}

// As many in a turn as an acceptor takes, so that a flood does not starve the connections that are
// there. The rest is for the next.
void Worker::take_arrivals() {
  for (session::Arrival& each : crew_.take_arrivals(index_)) arrivals_.push_back(std::move(each));
  if (arrivals_.empty()) return;
  for (int i = 0; i < net::Acceptor::kBatch && !arrivals_.empty(); ++i) {
    session::Arrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    take_over(std::move(arrival));
  }
  if (!arrivals_.empty()) bell_.ring();
  if (plan_ && plan_->drain) events_.on_progress();  // if all of them were refused
}

void Worker::take_over(session::Arrival arrival) {
  const session::Route& route = *arrival.route;
  const auto known = routes_.find(route.listener);
  if (known != routes_.end()) {
    // Both routes of the name were alive at some time, so the place is in the cells of either.
    assert(known->second->current->listener_cells == route.listener_cells);
    return begin(*known->second, arrival.client, std::move(arrival.socket),
                 std::move(arrival.places));
  }
  if (!route.life->over.load(std::memory_order_acquire)) {
    return begin({arrival.route, service_of(route)}, arrival.client, std::move(arrival.socket),
                 std::move(arrival.places));
  }
  session::refuse(context_, route, arrival.client, std::move(arrival.socket), CloseReason::drain,
                  kListenerRemoved);
}

void Worker::begin(const session::RouteState& state, const net::Peer& client, net::Fd socket,
                   session::Places&& places) {
  auto& session = sessions_.emplace_back(
      std::make_unique<session::Session>(context_, state, client, std::move(places)));
  session->slot = sessions_.size() - 1;
  if (sessions_.size() > most_connections_.load(std::memory_order_relaxed)) {
    most_connections_.store(sessions_.size(), std::memory_order_relaxed);
  }
  session->start(std::move(socket));
}

std::uint64_t Worker::take_most_connections() {
  return most_connections_.exchange(connections(), std::memory_order_relaxed);
}

void Worker::on_session_ended(session::Session& session) {
  if (session.route().listener_cells->delayed.load(std::memory_order_relaxed) != 0) {
    session.give_back_place();  // who comes to wait in this very moment is called by the timer
    crew_.wake();
  }
  const std::size_t slot = session.slot;
  std::swap(sessions_[slot], sessions_.back());
  sessions_[slot]->slot = slot;
  sessions_.pop_back();
  if (sessions_.empty() && plan_ && plan_->drain) events_.on_progress();
}

void Worker::on_suspect(const std::shared_ptr<registry::Live>& instance, registry::FailureRow row) {
  events_.on_suspect(instance, row);
}

void Worker::on_trial(registry::Trial trial, bool went_well) {
  events_.on_trial(std::move(trial), went_well);
}

void Worker::on_starved(const session::Route& route, int error) {
  if (error == 0) {
    log_->line(config::LogLevel::info, "accepting again").add("listener", route.listener);
    return;
  }
  log_->line(config::LogLevel::warn, "accepting paused")
      .add("listener", route.listener)
      .add("detail", std::strerror(error));
  route.listener_cells->of(index_).accept_paused.increment();
}

// Ending a session moves the last one into its place, so the walk goes from the end.
void Worker::sweep() {
  const std::size_t before = sessions_.size();
  for (std::size_t i = sessions_.size(); i-- > 0;) {
    if (before - sessions_.size() >= kSweepBatch) return sweep_timer_.start(kSweepEveryMs);
    if (i < sessions_.size()) end_if_condemned(*sessions_[i]);
  }
}

void Worker::end_if_condemned(session::Session& session) {
  if (session.route().life->over.load(std::memory_order_acquire)) {
    return session.end(CloseReason::drain, kListenerRemoved);
  }
  if (!session.is_relaying()) return;  // the Connector looks at it itself
  switch (session.instance()->condemned.load(std::memory_order_acquire)) {
    case registry::Condemned::no:
      return;
    case registry::Condemned::instance_removed:
      return session.end(CloseReason::instance_removed, "");
    case registry::Condemned::instance_down:
      return session.end(CloseReason::instance_down, "");
    case registry::Condemned::instance_down_reset:
      return session.reset(CloseReason::instance_down, "");
  }
}

// Keeps the number of connections under a line that falls from what there was to nothing over the
// drain, by closing quiet ones; what is left at its end is closed whatever it does.
void Worker::on_drain_tick() {
  const DrainPlan& drain = *plan_->drain;
  const std::uint64_t now = loop_.now_ms();
  const std::uint64_t gone = now - std::min(now, drain.began_ms);
  if (gone >= drain.lasts_ms) {
    end_all(CloseReason::shutdown);
    return events_.on_progress();
  }
  if (!drain.spread) return;
  const double left = 1.0 - static_cast<double>(gone) / static_cast<double>(drain.lasts_ms);
  const auto allowed =
      static_cast<std::size_t>(std::ceil(static_cast<double>(drain_began_with_) * left));
  for (std::size_t i = sessions_.size(); i-- > 0 && sessions_.size() > allowed;) {
    if (i < sessions_.size() && sessions_[i]->is_quiet(kQuietMs)) {
      sessions_[i]->end(CloseReason::drain, "");
    }
  }
}

void Worker::end_all(CloseReason reason) {
  while (!sessions_.empty()) sessions_.back()->end(reason, "");
}

void Worker::measure_lag() {
  const std::uint64_t now = net::monotonic_ns();
  if (now > lag_expected_ns_) {
    lag_worst_us_ = std::max(lag_worst_us_, (now - lag_expected_ns_) / 1000);
  }
  lag_expected_ns_ = now + kLagEveryMs * 1'000'000;
  lag_shown_us_.store(std::max(lag_worst_us_, lag_shown_us_.load(std::memory_order_relaxed)),
                      std::memory_order_relaxed);
  if (++lag_samples_ < kLagSamples) return;
  lag_shown_us_.store(std::exchange(lag_worst_us_, 0), std::memory_order_relaxed);
  lag_samples_ = 0;
}

void Worker::describe(const std::function<bool(const session::Session&)>& wanted, std::size_t most,
                      std::vector<session::Description>& into, std::uint64_t& total) const {
  for (const auto& session : sessions_) {
    if (!wanted(*session)) continue;
    ++total;
    if (into.size() < most) into.push_back(session->describe());
  }
}

std::set<const registry::Live*> Worker::busy_ones(
    const std::vector<std::shared_ptr<registry::Live>>& lives, std::uint64_t within_ms) const {
  std::set<const registry::Live*> wanted, busy;
  for (const auto& live : lives) wanted.insert(live.get());
  for (const auto& session : sessions_) {
    if (!wanted.contains(session->instance()) || session->is_quiet(within_ms)) continue;
    busy.insert(session->instance());
  }
  return busy;
}

std::vector<QuietOne> Worker::quiet_ones(const std::vector<std::shared_ptr<registry::Live>>& lives,
                                         std::uint64_t for_ms, std::size_t most) const {
  std::set<const registry::Live*> wanted;
  for (const auto& live : lives) wanted.insert(live.get());
  std::vector<QuietOne> quiet;
  for (const auto& session : sessions_) {
    if (!wanted.contains(session->instance()) || !session->is_quiet(for_ms)) continue;
    quiet.push_back({index_, session->serial(), *session->quiet_ms(), session->instance()});
  }
  if (quiet.size() <= most) return quiet;
  std::ranges::nth_element(quiet, quiet.begin() + static_cast<std::ptrdiff_t>(most),
                           std::ranges::greater{}, &QuietOne::quiet_ms);
  quiet.resize(most);
  return quiet;
}

void Worker::end_quiet(const QuietOne& one, std::uint64_t for_ms, CloseReason reason,
                       std::string_view detail) {
  session::Session* session = find(one.serial);
  if (session != nullptr && session->instance() == one.live && session->is_quiet(for_ms)) {
    session->end(reason, detail);
  }
}

bool Worker::end_session(std::uint64_t serial, CloseReason reason) {
  session::Session* session = find(serial);
  if (session == nullptr) return false;
  session->end(reason, "");
  return true;
}

session::Session* Worker::find(std::uint64_t serial) const {
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(),
                   [serial](const auto& session) { return session->serial() == serial; });
  return found != sessions_.end() ? found->get() : nullptr;
}

}  // namespace sluice
