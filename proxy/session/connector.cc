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
                     net::Socket& upstream_socket)
    : owner_(owner),
      context_(context),
      route_(route),
      service_(service),
      client_(client),
      client_socket_(client_socket),
      upstream_socket_(upstream_socket),
      cells_(service.current->cells) {
  set_give_up_time();
}

void Connector::set_give_up_time() {
  const auto deadline = upstream().retry.deadline.count();
  give_up_at_ms_ =
      deadline > 0 ? context_.loop.now_ms() + static_cast<std::uint64_t>(deadline) : kNever;
}

Connector::~Connector() {
  context_.waiting.leave(*this);
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
  const balance::Balancer& balancer = *upstream().balancer;
  balance::Pick pick = balancer.pick({key_for(balancer, client_)}, tried_, service_.cursor);
  found_nobody_ = !pick;
  if (!pick) {
    leave_budget();
    if (attempts_ == 0) return on_nobody();
    counts().retries_no_instance.increment();
    return retry_or_give_up();
  }
  held_ = {};
  token_ = std::move(pick.token);
  tried_.add(pick.member->live.get());
  ++attempts_;
  owner_.on_attempt(*pick.member);
  attempt_began_ns_ = net::monotonic_ns();
  net::Dial dial = net::dial(net::SocketAddress(pick.member->address()));
  if (dial.result != ConnectResult::ok) return attempt_failed(dial.result, dial.error);
  net::set_nodelay(dial.socket.get(), upstream().tcp);  // the rest when it lives on (Relay)
  if (!owner_.open_upstream(std::move(dial.socket))) {
    return attempt_failed(ConnectResult::no_fds, errno);
  }
  dialing_ = true;
  const auto timeout = static_cast<std::uint64_t>(route_.timeouts.connect.count());
  const std::uint64_t timeout_at = timeout > 0 ? context_.loop.now_ms() + timeout : kNever;
  attempt_ends_ms_ = std::min(timeout_at, give_up_at_ms_);
  if (attempt_ends_ms_ != kNever) owner_.wake_at(attempt_ends_ms_);
}

void Connector::on_nobody() {
  const config::NoInstance& policy = route_.no_instance;
  if (policy.action != config::NoInstanceAction::hold) {
    return owner_.on_failed(CloseReason::no_instance);
  }
  if (!held_) {
    held_ = Place::take(route_.listener_cells->held, policy.hold_max);
    held_until_ms_ = context_.loop.now_ms() + static_cast<std::uint64_t>(policy.hold.count());
  }
  if (!held_ || is_past(held_until_ms_)) return owner_.on_failed(CloseReason::no_instance);
  context_.waiting.enter(*this, service_);
  owner_.wake_at(held_until_ms_);
}

void Connector::on_called() {
  set_give_up_time();
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
  if (is_held()) return owner_.on_failed(CloseReason::no_instance);
  if (!dialing_) return retry();
  // It may be the end of having been held, where an attempt has none.
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
