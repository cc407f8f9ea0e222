#include "proxy/session/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/session/failure.h"
#include "proxy/session/fork.h"
#include "proxy/session/suspicion.h"

namespace sluice::session {

using metrics::CloseReason;

namespace {

// Closing a socket that holds unread bytes sends a reset, which can overtake our FIN: read what is
// there, within bounds, so that a client that is turned away sees an orderly end.
void drain_input(int fd) {
  constexpr int kReads = 16;
  char discarded[4096];
  for (int i = 0; i < kReads; ++i) {
    if (::recv(fd, discarded, sizeof(discarded), MSG_DONTWAIT) <= 0) return;
  }
}

void close_in_order(net::Fd socket) {
  ::shutdown(socket.get(), SHUT_WR);
  drain_input(socket.get());
}

// So long an instance is to have patience with a client that says nothing.
constexpr std::uint64_t kPatienceNs = 1'000'000'000;

// What is kept for a replay is kept no longer than this, wherever retries have no deadline.
constexpr config::Duration kLongestOpening{30'000};

struct EndedSession {
  const net::Peer& client;
  const registry::Live* instance;
  std::uint32_t attempts;
  std::uint64_t connect_us;
  std::uint64_t duration_us;
  std::uint64_t bytes_up;
  std::uint64_t bytes_down;
  CloseReason reason;
  std::string_view detail;
  std::uint64_t index;
};

void log_session(log::Channel& log, const Route& route, const EndedSession& ended) {
  if (!route.access_log || !log.enabled(config::LogLevel::info)) return;
  log::Line line = log.line(config::LogLevel::info, "session");
  line.add("listener", route.listener).add("client", ended.client.text());
  line.add("route", route.name).add("service", route.upstream->service);
  line.add("instance",
           ended.instance != nullptr ? std::string_view(*ended.instance->identity.id) : "");
  line.add("incarnation", ended.instance != nullptr ? ended.instance->identity.incarnation : 0);
  line.add("attempts", ended.attempts);
  line.add_ms("connect_ms", ended.connect_us).add_ms("duration_ms", ended.duration_us);
  line.add("bytes_up", ended.bytes_up).add("bytes_down", ended.bytes_down);
  line.add("reason", metrics::word(ended.reason)).add("detail", ended.detail);
  line.add("index", ended.index);
}

void count_end(Context& context, const Route& route, CloseReason reason,
               std::uint64_t duration_us) {
  metrics::RouteSlot& counts = route.cells->of(context.worker);
  counts.closed[static_cast<std::size_t>(reason)].increment();
  counts.duration.observe(duration_us);
  route.listener_cells->of(context.worker).closed.increment();
}

}  // namespace

void refuse(Context& context, const Route& route, const net::Peer& client, net::Fd socket,
            CloseReason reason, std::string_view detail) {
  route.listener_cells->of(context.worker).accepted.increment();
  log_session(context.log, route,
              {client, nullptr, 0, 0, 0, 0, 0, reason, detail, context.registry_index});
  count_end(context, route, reason, 0);
  close_in_order(std::move(socket));  // whoever sees the end finds it counted
}

Session::Session(Context& context, const RouteState& route, const net::Peer& client,
                 Places&& places)
    : context_(context),
      route_(route.current),
      service_(route.service),
      service_cells_(service_->current->cells),
      client_peer_(client),
      places_(std::move(places)),
      serial_(++context.sessions),
      began_ns_(net::monotonic_ns()),
      registry_index_(context.registry_index) {
  route_->listener_cells->of(context_.worker).accepted.increment();
}

// Nothing throws: leave_service() has a std::monostate made.
// NOLINTNEXTLINE(bugprone-exception-escape)
Session::~Session() {
  context_.poller.forget(*this);
  leave_service();
}

void Session::leave_service() {
  stage_.emplace<std::monostate>();
  token_.release();
  places_.service = {};
  announce_room(service_->current, *service_cells_);
}

void Session::start(net::Fd client) {
  if (!client_.open(context_.poller, std::move(client), *this)) {
    return finish(CloseReason::internal_error, Ending::close_both, std::strerror(errno));
  }
  client_.writable = true;
  const Admission* admission = route_->admission.get();
  if (admission == nullptr || !admission->reads_header_of(client_peer_)) return connect();
  const bool is_optional = admission->accept == config::ProxyAccept::optional;
  stage_.emplace<Preface>(static_cast<Preface::Owner&>(*this), context_, client_, is_optional)
      .start(static_cast<std::uint64_t>(route_->timeouts.first_bytes.count()));
}

void Session::on_header(net::ProxyHeader header) {
  if (header.ends) client_peer_ = net::Peer::of(header.ends->source);
  if (route_->fork || service_->current->introduction) {
    header_ = std::make_unique<net::ProxyHeader>(std::move(header));
  }
  on_no_header();
}

void Session::on_no_header() {
  Deadline::cancel();
  const std::string why = route_->admission->why_not(client_peer_);
  if (!why.empty()) return finish(CloseReason::denied, Ending::close_both, why);
  if (route_->asks_turnstile) {
    const auto no = route_->turnstile->let_in(client_peer_, context_.loop.now_ms(), places_.source);
    if (no) return finish(no->reason, Ending::close_both, no->why);
  }
  connect();
}

void Session::on_no_preface(CloseReason reason, std::string_view detail) {
  finish(reason, Ending::close_both, detail);
}

// False: none takes this client, and the session has ended.
bool Session::take_route() {
  const Fork::Way* way =
      route_->fork->choose(client_peer_, service_->cursor.random(), context_.worker);
  if (way == nullptr) {
    const std::string who = client_peer_.is_unix() ? client_peer_.text() : client_peer_.host();
    finish(CloseReason::denied, Ending::close_both, "no route for " + who);
    return false;
  }
  service_ = context_.host.service_of(**way);
  service_cells_ = service_->current->cells;
  route_ = *way;  // last: `way` stands in the fork of the old one
  if (!service_->current->introduction) header_.reset();
  return true;
}

void Session::connect() {
  if (route_->fork && !take_route()) return;
  make_connector().start();
}

Connector& Session::make_connector() {
  return stage_.emplace<Connector>(static_cast<Connector::Owner&>(*this), context_, *route_,
                                   *service_, client_peer_, client_, upstream_, places_.service);
}

void Session::on_ready() {
  if (auto* relay = std::get_if<Relay>(&stage_)) return relay->on_ready();
  if (auto* opening = std::get_if<Opening>(&stage_)) return opening->on_ready();
  if (auto* connector = std::get_if<Connector>(&stage_)) return connector->on_ready();
  if (auto* preface = std::get_if<Preface>(&stage_)) return preface->on_ready();
}

void Session::on_deadline() {
  if (auto* relay = std::get_if<Relay>(&stage_)) return relay->on_deadline();
  if (auto* opening = std::get_if<Opening>(&stage_)) return opening->on_deadline();
  if (auto* connector = std::get_if<Connector>(&stage_)) return connector->on_deadline();
  if (auto* preface = std::get_if<Preface>(&stage_)) return preface->on_deadline();
}

void Session::wake_at(std::uint64_t at_ms) {
  context_.wheel.set(*this, at_ms);
}
void Session::run_again() {
  context_.poller.again(*this);
}

bool Session::open_upstream(net::Fd fd) {
  return upstream_.open(context_.poller, std::move(fd), *this);
}

void Session::on_attempt(const balance::Member& member) {
  live_ = member.live;
  ++attempts_;
}

void Session::on_connected(registry::LoadToken instance) {
  token_ = std::move(instance);
  connected_ns_ = net::monotonic_ns();
  upstream_.writable = true;
  Deadline::cancel();
  const auto& introduction = service_->current->introduction;
  if (introduction && !introduce(*introduction)) {
    return finish(CloseReason::internal_error, Ending::close_both, "the PROXY header does not fit");
  }
  if ((replay_ || service_->current->retry.replay.bytes.count != 0) && open()) return;
  header_.reset();
  make_relay().start();
}

Relay& Session::make_relay() {
  const double random = static_cast<double>(service_->cursor.random() >> 11) * 0x1.0p-53;
  return stage_.emplace<Relay>(static_cast<Relay::Owner&>(*this), context_, *route_, client_,
                               upstream_, random);
}

// Goes on with an Opening, where there is something to say again or a retry left that would; false:
// with neither.
bool Session::open() {
  const Connector::Course course = std::get<Connector>(stage_).course();
  if (!replay_ && !may_replay(course)) return false;
  const auto most = static_cast<std::size_t>(service_->current->retry.replay.bytes.count);
  if (!replay_) replay_ = std::make_unique<Replay>(Said(most));
  replay_->course = course;
  const std::uint64_t until = std::min(course.give_up_at_ms, opening_ends_ms());
  stage_
      .emplace<Opening>(static_cast<Opening::Owner&>(*this), context_, client_, upstream_,
                        replay_->said)
      .start(until);
  return true;
}

// Into a socket that nothing was written to yet. If the instance is gone already, the relay will
// find out. False: the kernel took a part of it.
bool Session::introduce(const Introduction& introduction) {
  net::SocketAddress here;
  ::getsockname(client_.fd(), here.get(), here.size_for_kernel());
  std::string unique_id;
  if (introduction.with_unique_id) unique_id = context_.unique_id(serial_);
  const std::string text =
      introduction.text(client_peer_, here.endpoint(), header_.get(), unique_id);
  const ssize_t sent =
      ::send(upstream_.fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  upstream_.after_write();
  upstream_.before_another_write();  // the pump does not know of this one
  return sent < 0 || static_cast<std::size_t>(sent) == text.size();
}

void Session::on_failed(CloseReason reason) {
  const bool by_reset =
      reason == CloseReason::client_reset || reason == CloseReason::upstream_reset;
  finish(reason, by_reset ? Ending::reset_client : Ending::close_both, failure_detail());
}

void Session::on_opened(Pump::Begun begun, int instance_error) {
  const Opening& opening = std::get<Opening>(stage_);
  const std::uint64_t began_ms = opening.began_ms();
  const std::uint64_t last_active_ms = opening.last_active_ms();
  Deadline::cancel();
  replay_.reset();
  header_.reset();
  Relay& relay = make_relay();
  relay.resume(std::move(begun), instance_error, began_ms, last_active_ms);
  relay.start();
}

void Session::on_early_close(CloseReason reason, int error) {
  const Said& said = replay_->said;
  const bool is_silent = said.size == 0;
  const bool out_of_patience = net::monotonic_ns() - connected_ns_ >= kPatienceNs;
  const bool is_wanted = !is_silent || (!said.finished && !out_of_patience);
  if (!is_wanted || client_.failed || !may_replay(replay_->course)) {
    return std::get<Opening>(stage_).give_way();
  }
  upstream_.close();
  if (said.finished) {
    token_.release();
  } else {
    suspect(context_, *service_->current, std::move(token_), registry::Failure::early_close);
  }
  announce_room(service_->current, *service_cells_);
  Deadline::cancel();
  const Connector::Course course = replay_->course;
  make_connector().resume(course, reason, error);
}

bool Session::on_grown_up() {
  if (std::get<Relay>(stage_).bytes_down() != 0) {
    praise(context_, token_);
  } else if (net::monotonic_ns() - connected_ns_ >= kPatienceNs) {
    acquit(context_, token_);
  }
  return token_.is_on_trial();
}

void Session::on_first_words(bool client_first) {
  service_->clients_first.note(client_first);
}

void Session::on_relay_ended(CloseReason reason, Ending ending) {
  const Relay& relay = std::get<Relay>(stage_);
  const int error = relay.error();
  judge_instance(relay, reason);
  finish(reason, ending, error != 0 ? std::strerror(error) : "");
}

// Did it serve, or close early (registry::Failure)?
void Session::judge_instance(const Relay& relay, CloseReason reason) {
  if (relay.bytes_down() != 0) return praise(context_, token_);
  if (!is_early_close(reason, relay.bytes_down()) || relay.has_client_finished_first()) return;
  if (relay.bytes_up() == 0 && net::monotonic_ns() - connected_ns_ >= kPatienceNs) return;
  suspect(context_, *service_->current, std::move(token_), registry::Failure::early_close);
}

void Session::end(CloseReason reason, std::string_view detail) {
  const auto* relay = std::get_if<Relay>(&stage_);
  const auto* opening = std::get_if<Opening>(&stage_);
  const bool undelivered = (relay != nullptr && relay->has_undelivered()) ||
                           (opening != nullptr && opening->has_unsent());
  finish(reason, undelivered ? Ending::reset_both : Ending::close_both, detail);
}

void Session::reset(CloseReason reason, std::string_view detail) {
  finish(reason, Ending::reset_both, detail);
}

std::string Session::failure_detail() const {
  const auto& connector = std::get<Connector>(stage_);
  if (connector.attempts() == 0) return "";
  if (connector.has_closed_early()) {
    return connector.last_error() != 0 ? std::strerror(connector.last_error()) : "";
  }
  std::string detail(net::word(connector.last_result()));
  if (connector.last_error() != 0)
    detail += std::string(": ") + std::strerror(connector.last_error());
  return detail;
}

void Session::finish(CloseReason reason, Ending ending, std::string_view detail) {
  if (std::exchange(ended_, true)) return;
  Deadline::cancel();
  const std::uint64_t duration_us = (net::monotonic_ns() - began_ns_) / 1000;
  if (const auto* opening = std::get_if<Opening>(&stage_)) {
    route_->cells->of(context_.worker).bytes_upstream.add(opening->bytes_up());
  }
  log_end(reason, detail, duration_us);
  count_end(context_, *route_, reason, duration_us);
  const auto* relay = std::get_if<Relay>(&stage_);
  if (route_->part && is_failure(reason, relay != nullptr ? relay->bytes_down() : 0)) {
    route_->part->of(context_.worker).failed.increment();
  }
  close_sockets(ending);
  context_.host.on_session_ended(*this);
}

void Session::close_sockets(Ending ending) {
  const bool relaying = is_relaying();
  if (ending == Ending::reset_client || ending == Ending::reset_both) client_.reset();
  if (ending == Ending::reset_upstream || ending == Ending::reset_both) upstream_.reset();
  if (!relaying && client_.is_open()) {
    ::shutdown(client_.fd(), SHUT_WR);
    drain_input(client_.fd());
  }
  client_.close();
  upstream_.close();
}

void Session::log_end(CloseReason reason, std::string_view detail, std::uint64_t duration_us) {
  const auto* relay = std::get_if<Relay>(&stage_);
  const auto* opening = std::get_if<Opening>(&stage_);
  const std::uint64_t bytes_up = relay != nullptr     ? relay->bytes_up()
                                 : opening != nullptr ? opening->bytes_up()
                                                      : 0;
  const std::uint64_t connect_us = connected_ns_ != 0 ? (connected_ns_ - began_ns_) / 1000 : 0;
  log_session(context_.log, *route_,
              {client_peer_, live_.get(), attempts_, connect_us, duration_us, bytes_up,
               relay != nullptr ? relay->bytes_down() : 0, reason, detail, registry_index_});
}

bool Session::may_replay(const Connector::Course& course) const {
  return course.may_retry(service_->current->retry, context_.loop.now_ms());
}

// An instance that has said nothing for so long, or till then, is taken as it is: what was kept for
// another is given up.
std::uint64_t Session::opening_ends_ms() const {
  config::Duration longest = kLongestOpening;
  for (const config::Duration limit : {route_->timeouts.idle, route_->timeouts.max_age}) {
    if (limit.count() > 0) longest = std::min(longest, limit);
  }
  return context_.loop.now_ms() + static_cast<std::uint64_t>(longest.count());
}

std::optional<std::uint64_t> Session::quiet_ms() const {
  if (const auto* opening = std::get_if<Opening>(&stage_)) {
    if (opening->has_unsent()) return std::nullopt;
    return context_.loop.now_ms() - opening->last_active_ms();
  }
  const auto* relay = std::get_if<Relay>(&stage_);
  return relay != nullptr ? relay->quiet_ms() : std::nullopt;
}

Description Session::describe() const {
  const std::uint64_t now_ns = net::monotonic_ns();
  Description shown;
  shown.serial = serial_;
  shown.listener = route_->listener;
  shown.route = route_->name;
  shown.service = route_->upstream->service;
  shown.client = client_peer_.text();
  shown.age_ms = (now_ns - began_ns_) / 1'000'000;
  shown.idle_ms = shown.age_ms;
  shown.attempts = attempts_;
  const auto* connector = std::get_if<Connector>(&stage_);
  shown.state = std::holds_alternative<Preface>(stage_)          ? "preface"
                : connector != nullptr && connector->is_held()   ? "held"
                : connector != nullptr && connector->is_queued() ? "queued"
                                                                 : "connecting";
  if (live_ != nullptr) {
    shown.instance = live_->identity.id;
    shown.upstream = live_->identity.address.text();
    shown.incarnation = live_->identity.incarnation;
  }
  if (const auto* opening = std::get_if<Opening>(&stage_)) {
    shown.state = "relaying";
    shown.bytes_up = opening->bytes_up();
  }
  if (const auto* relay = std::get_if<Relay>(&stage_)) {
    shown.state = relay->is_closing() ? "closing" : "relaying";
    shown.bytes_up = relay->bytes_up();
    shown.bytes_down = relay->bytes_down();
    const std::uint64_t now_ms = context_.loop.now_ms();
    shown.idle_ms = now_ms - std::min(now_ms, relay->last_active_ms());
  }
  return shown;
}

}  // namespace sluice::session
