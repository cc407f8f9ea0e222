#include "proxy/session/connector.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/net/tcp_options.h"
#include "proxy/session/backoff.h"
#include "proxy/session/suspicion.h"

namespace sluice::session {

using metrics::CloseReason;
using net::ConnectResult;

namespace {

std::string key_for(const balance::Balancer& balancer, const net::Peer& client) {
  using KeyIs = balance::Balancer::KeyIs;
  switch (balancer.key_is()) {
    case KeyIs::nothing:
      break;
    case KeyIs::address:
      return client.host();
    case KeyIs::address_and_port:
      return client.is_unix() ? std::string() : client.text();
  }
  return {};
}

double random_unit(balance::Cursor& cursor) {
  return static_cast<double>(cursor.random() >> 11) * 0x1.0p-53;
}

}  // namespace

Connector::Connector(Owner& owner, Context& context, const Route& route, ServiceState& service,
                     const net::Peer& client, net::Socket& client_socket,
                     net::Socket& upstream_socket, Place& service_place)
    : owner_(owner),
      context_(context),
      route_(route),
      service_(service),
      client_(client),
      client_socket_(client_socket),
      upstream_socket_(upstream_socket),
      service_place_(service_place),
      cells_(service.current->cells) {
  set_give_up_time();
}

void Connector::set_give_up_time() {
  give_up_at_ms_ = end_of(upstream().retry.deadline);
}

std::uint64_t Connector::end_of(config::Duration duration) const {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  return ms > 0 ? context_.loop.now_ms() + ms : kNever;
}

Connector::~Connector() {
  stop_waiting();
  if (dialing_) count_attempt(ConnectResult::cancelled);
  leave_budget();
}

metrics::ServiceSlot& Connector::counts() {
  return cells_->of(context_.worker);
}

bool Connector::is_past(std::uint64_t at_ms) const {
  return context_.loop.now_ms() >= at_ms;
}

void Connector::start() {
  attempt();
}

void Connector::resume(const Course& course, CloseReason reason, int error) {
  tried_ = course.tried;
  attempts_ = course.attempts;
  retries_ = course.retries;
  give_up_at_ms_ = course.give_up_at_ms;
  closed_early_ = reason;
  last_error_ = error;
  retry_or_give_up();
}

void Connector::attempt() {
  balance::Pick pick = find_place();
  found_nobody_ = !pick && !pick.full;
  if (!pick) {
    leave_budget();
    if (pick.full) return wait_for_room();
    if (attempts_ == 0) return on_nobody();
    stop_waiting();
    counts().retries_no_instance.increment();
    return retry_or_give_up();
  }
  token_ = std::move(pick.token);
  tried_.add(pick.member->live.get());
  ++attempts_;
  owner_.on_attempt(*pick.member);
  attempt_began_ns_ = net::monotonic_ns();
  // Not where words are kept for a replay: an Opening does not end a silence.
  const bool is_relayed_at_once = upstream().retry.replay.bytes.count == 0;
  const bool we_begin = is_relayed_at_once && service_.clients_first.is_habit();
  net::Dial dial = net::dial(net::SocketAddress(pick.member->address()),
                             we_begin ? net::Begins::we : net::Begins::they);
  stop_waiting();  // not before: the next one is called
  if (dial.result != ConnectResult::ok) return attempt_failed(dial.result, dial.error);
  if (!owner_.open_upstream(std::move(dial.socket))) {
    return attempt_failed(ConnectResult::no_fds, errno);
  }
  upstream_socket_.nagles = upstream().tcp.nodelay;
  upstream_socket_.acks = dial.acks;
  dialing_ = true;
  const auto timeout = static_cast<std::uint64_t>(route_.timeouts.connect.count());
  const std::uint64_t timeout_at = timeout > 0 ? context_.loop.now_ms() + timeout : kNever;
  attempt_ends_ms_ = std::min(timeout_at, give_up_at_ms_);
  if (attempt_ends_ms_ != kNever) owner_.wake_at(attempt_ends_ms_);
}

// A place with the service and one with an instance, or neither.
balance::Pick Connector::find_place() {
  if (others_go_first()) return no_room();
  if (upstream().limits.connections == 0) return take_places();
  const auto turn = upstream().row->line().take_in_turn();
  return take_places();
}

balance::Pick Connector::take_places() {
  const Upstream& service = upstream();
  if (!service_place_) {
    service_place_ = Place::take(cells_->connections, service.limits.connections);
    if (!service_place_) return no_room();
  }
  const balance::Balancer& balancer = *service.balancer;
  balance::Pick pick = balancer.pick({key_for(balancer, client_)}, tried_, service_.cursor);
  if (!pick && attempts_ == 0) service_place_ = {};
  return pick;
}

balance::Pick Connector::no_room() const {
  return {nullptr, {}, false, upstream().balancer->has_untried({})};
}

// Without a queue nobody waits for room, but perhaps for somebody to be there, and is called.
bool Connector::others_go_first() const {
  return cells_->waiting.load() != 0 && upstream().limits.queue != 0 &&
         WaitingRoom::must_wait(*this, *row());
}

void Connector::on_nobody() {
  const config::NoInstance& policy = route_.no_instance;
  if (policy.action != config::NoInstanceAction::hold) {
    return owner_.on_failed(CloseReason::no_instance);
  }
  if (std::exchange(wait_, Wait::for_somebody) != Wait::for_somebody) {
    seat_ = Place::take(route_.listener_cells->held, policy.hold_max);
    if (!seat_) return owner_.on_failed(CloseReason::no_instance);
    if (held_until_ms_ == 0) held_until_ms_ = end_of(policy.hold);
  }
  wait();
}

void Connector::wait_for_room() {
  const config::ServiceLimits& limits = upstream().limits;
  if (std::exchange(wait_, Wait::for_room) != Wait::for_room) {
    seat_ = limits.queue > 0 ? Place::take(cells_->queued, limits.queue) : Place();
    if (!seat_) return owner_.on_failed(CloseReason::queue_full);
    if (queued_until_ms_ == 0) queued_until_ms_ = end_of(limits.queue_timeout);
  }
  wait();
}

void Connector::wait() {
  if (is_past(wait_ends_ms())) return wait_no_longer();
  context_.waiting.enter(*this, row());
  if (wait_ends_ms() != kNever) owner_.wake_at(wait_ends_ms());
}

std::uint64_t Connector::wait_ends_ms() const {
  if (wait_ == Wait::for_somebody) return held_until_ms_;
  return attempts_ == 0 ? queued_until_ms_ : std::min(queued_until_ms_, give_up_at_ms_);
}

void Connector::wait_no_longer() {
  if (wait_ == Wait::for_somebody) return owner_.on_failed(CloseReason::no_instance);
  if (is_past(queued_until_ms_)) return owner_.on_failed(CloseReason::queue_timeout);
  fail();
}

void Connector::stop_waiting() {
  if (wait_ == Wait::none) return;
  context_.waiting.leave(*this);
  seat_ = {};
  wait_ = Wait::none;
}

void Connector::on_called() {
  if (attempts_ == 0) set_give_up_time();
  attempt();
}

void Connector::on_ready() {
  if (client_socket_.failed) {
    if (dialing_) upstream_socket_.close();
    return owner_.on_failed(CloseReason::client_reset);
  }
  if (!dialing_ || !(upstream_socket_.writable || upstream_socket_.failed)) return;
  int error = 0;
  const net::SocketAddress to(token_.live()->identity.address);
  const ConnectResult result = net::dial_outcome(upstream_socket_, to, error);
  if (result != ConnectResult::ok) return attempt_failed(result, error);
  registry::Live& live = *token_.live();
  if (live.condemned.load(std::memory_order_acquire) != registry::Condemned::no) {
    return attempt_failed(ConnectResult::cancelled, 0);
  }
  count_attempt(ConnectResult::ok);
  leave_budget();
  live.note_connect();
  token_.establish();
  owner_.on_connected(std::move(token_));
}

void Connector::on_deadline() {
  if (wait_ != Wait::none) {
    if (is_past(wait_ends_ms())) wait_no_longer();
    return;
  }
  if (!dialing_) return retry();
  // It may be the end of having waited, where an attempt has none.
  if (attempt_ends_ms_ != kNever) attempt_failed(ConnectResult::timeout, 0);
}

void Connector::attempt_failed(ConnectResult result, int error) {
  count_attempt(result);
  upstream_socket_.close();
  leave_budget();  // not before the socket is gone: another may begin at once
  closed_early_.reset();
  last_result_ = result;
  last_error_ = error;
  if (net::is_instances_fault(result)) {
    suspect(context_, upstream(), std::move(token_), registry::Failure::connect);
  } else {
    token_.release();
  }
  announce_room(service_.current, *cells_);
  retry_or_give_up();
}

void Connector::count_attempt(ConnectResult result) {
  dialing_ = false;
  counts().attempts[static_cast<std::size_t>(result)].increment();
  if (result == ConnectResult::ok) {
    counts().connect.observe((net::monotonic_ns() - attempt_began_ns_) / 1000);
  }
}

void Connector::retry_or_give_up() {
  const config::Retry& policy = upstream().retry;
  if (retries_ >= policy.max_retries || is_past(give_up_at_ms_)) return fail();
  const bool at_once = retries_ == 0 && policy.immediate_first && !found_nobody_ &&
                       upstream().balancer->has_untried(tried_);
  if (at_once) return retry();
  wait_for_retry();
}

// A wait that could only end past the deadline is not begun.
void Connector::wait_for_retry() {
  const std::uint64_t delay =
      backoff_ms(upstream().retry, retries_ + 1, random_unit(service_.cursor));
  const std::uint64_t at = context_.loop.now_ms() + delay;
  if (at >= give_up_at_ms_) return fail();
  owner_.wake_at(at);
}

void Connector::retry() {
  if (!enter_budget()) {
    counts().retries_over_budget.increment();
    return wait_for_retry();
  }
  ++retries_;
  if (closed_early_) {
    counts().retries_early_close.increment();
  } else {
    counts().retries[static_cast<std::size_t>(last_result_)].increment();
  }
  attempt();
}

void Connector::fail() {
  if (closed_early_) return owner_.on_failed(*closed_early_);
  const bool timed_out = last_result_ == ConnectResult::timeout;
  owner_.on_failed(timed_out ? CloseReason::connect_timeout : CloseReason::connect_failed);
}

// Room for one more retry under way? The service's connections are counted where they begin
// (Session).
bool Connector::enter_budget() {
  const config::RetryBudget& budget = upstream().retry.budget;
  const std::uint64_t share =
      std::uint64_t{cells_->connections.load(std::memory_order_relaxed)} * budget.percent / 100;
  const std::uint64_t room = std::max<std::uint64_t>(share, budget.min);
  std::uint32_t retrying = cells_->retrying.load(std::memory_order_relaxed);
  do {
    if (budget.percent < 100 && retrying >= room) return false;
  } while (
      !cells_->retrying.compare_exchange_weak(retrying, retrying + 1, std::memory_order_relaxed));
  holds_budget_ = true;
  return true;
}

void Connector::leave_budget() {
  if (std::exchange(holds_budget_, false)) {
    cells_->retrying.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace sluice::session
