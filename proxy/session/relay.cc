#include "proxy/session/relay.h"

#include <algorithm>
#include <utility>

#include "proxy/net/tcp_options.h"

namespace sluice::session {

using metrics::CloseReason;
using Progress = Pump::Progress;

namespace {

constexpr std::uint64_t kYouthMs = 256;  // a connection that ends by then needs no keepalive
constexpr std::uint64_t kYouthAgainMs = 1000;
constexpr std::uint64_t kSilenceMs = 16;    // then the instance is to know of the connection
constexpr std::uint64_t kFlushLookMs = 16;  // how often a flush before a reset is looked at
constexpr std::uint64_t kFlushMaxMs =
    30'000;  // a peer that takes nothing for so long gets its reset

// Long deadlines need no precision: rounded up to half a second they share slots of the wheel, and
// thousands of idle connections do not wake the loop one by one.
std::uint64_t rounded(std::uint64_t now_ms, std::uint64_t at_ms) {
  constexpr std::uint64_t kCoarse = 512;
  if (at_ms == kNever || at_ms - now_ms < 16 * kCoarse) return at_ms;
  return (at_ms + kCoarse - 1) / kCoarse * kCoarse;
}

bool is_dead(const net::Socket& socket, const Pump& from, Progress from_it, Progress to_it) {
  return from_it == Progress::source_failed || to_it == Progress::sink_failed ||
         (socket.failed && from.has_ended());
}

}  // namespace

Relay::Relay(Owner& owner, Context& context, const Route& route, net::Socket& client,
             net::Socket& upstream, double random)
    : owner_(owner),
      context_(context),
      route_(route),
      client_(client),
      upstream_(upstream),
      last_active_ms_(context.loop.now_ms()),
      age_ends_ms_(kNever),
      youth_ends_ms_(last_active_ms_ + kYouthMs) {
  const config::Timeouts& timeouts = route.timeouts;
  if (timeouts.max_age.count() > 0) {
    const double share = 1.0 - timeouts.max_age_jitter * random;
    age_ends_ms_ = last_active_ms_ + static_cast<std::uint64_t>(
                                         static_cast<double>(timeouts.max_age.count()) * share);
  }
}

Relay::~Relay() {
  up_.drop_parked(context_);
  down_.drop_parked(context_);
}

void Relay::resume(Pump::Begun begun, int instance_error, std::uint64_t began_ms,
                   std::uint64_t last_active_ms) {
  if (begun.passed != 0) note_progress(begun.passed, 0, 0);
  up_.resume(std::move(begun));
  if (instance_error != 0) {
    Pump::Begun failed;
    failed.error = instance_error;
    down_.resume(std::move(failed));
  }
  const std::uint64_t older_by = last_active_ms_ - began_ms;
  if (age_ends_ms_ != kNever) age_ends_ms_ -= std::min(older_by, age_ends_ms_);
  youth_ends_ms_ -= older_by;
  last_active_ms_ = last_active_ms;
}

void Relay::start() {
  schedule();
  on_ready();
}

void Relay::on_ready() {
  if (flushing_ != nullptr) return check_flushed();
  pump();
}

void Relay::pump() {
  const std::uint64_t up = up_.moved();
  const std::uint64_t down = down_.moved();
  const std::uint64_t spliced = up_.spliced() + down_.spliced();
  up_progress_ = up_.turn(client_, upstream_, route_.relay, down_.is_over(), context_);
  down_progress_ = down_.turn(upstream_, client_, route_.relay, up_.is_over(), context_);
  if (down == 0 && up_.moved() + down_.moved() != 0) note_first_words(up == 0);
  note_progress(up_.moved() - up, down_.moved() - down, up_.spliced() + down_.spliced() - spliced);
  if (end_if_over()) return;
  if (up_progress_ == Progress::more || down_progress_ == Progress::more) owner_.run_again();
  if (!half_closed_ && (up_.has_ended() || down_.has_ended())) {
    half_closed_ = true;
    last_active_ms_ =
        context_.loop.now_ms();  // the end is a word too: the answer has its time from here
    client_finished_first_ = up_.has_ended();
    schedule();
  }
}

void Relay::note_first_words(bool of_both) {
  const bool instance_spoke = down_.moved() != 0;
  if (instance_spoke) upstream_.acks = net::Socket::Acks::usual;
  if (of_both) owner_.on_first_words(!instance_spoke);
}

void Relay::note_progress(std::uint64_t up, std::uint64_t down, std::uint64_t spliced) {
  if (up + down == 0) return;
  last_active_ms_ = context_.loop.now_ms();
  metrics::RouteSlot& counts = route_.cells->of(context_.worker);
  if (up != 0) counts.bytes_upstream.add(up);
  if (down != 0) counts.bytes_downstream.add(down);
  if (spliced != 0) counts.spliced.add(spliced);
}

// A side that is dead ends the connection only once what it had sent before is with the other side.
bool Relay::end_if_over() {
  if (is_dead(client_, up_, up_progress_, down_progress_) && up_.is_over()) {
    error_ = up_.error() != 0 ? up_.error() : down_.error();
    pass_on_reset(upstream_, CloseReason::client_reset);
    return true;
  }
  if (is_dead(upstream_, down_, down_progress_, up_progress_) && down_.is_over()) {
    error_ = down_.error() != 0 ? down_.error() : up_.error();
    pass_on_reset(client_, CloseReason::upstream_reset);
    return true;
  }
  if (!up_.is_over() || !down_.is_over()) return false;
  owner_.on_relay_ended(
      has_client_finished_first() ? CloseReason::client_closed : CloseReason::upstream_closed,
      Ending::close_both);
  return true;
}

void Relay::pass_on_reset(net::Socket& to, CloseReason reason) {
  reason_ = reason;
  client_finished_first_ = has_client_finished_first();  // it may finish while it is flushed to
  half_closed_ = true;
  flushing_ = &to;
  flush_ends_ms_ = context_.loop.now_ms() + kFlushMaxMs;
  check_flushed();
}

void Relay::check_flushed() {
  const bool done = flushing_->failed || context_.loop.now_ms() >= flush_ends_ms_ ||
                    net::undelivered_bytes(flushing_->fd()) == 0;
  if (!done) return owner_.wake_at(context_.loop.now_ms() + kFlushLookMs);
  owner_.on_relay_ended(reason_,
                        flushing_ == &client_ ? Ending::reset_client : Ending::reset_upstream);
}

void Relay::on_deadline() {
  if (flushing_ != nullptr) return check_flushed();
  const std::uint64_t now = context_.loop.now_ms();
  if (now >= silence_ends_ms()) upstream_.ack_at_once();
  if (now >= youth_ends_ms_) {
    if (!std::exchange(is_watched_, true)) {
      net::watch_peer(upstream_.fd(), route_.upstream->tcp);
    }
    youth_ends_ms_ = owner_.on_grown_up() ? now + kYouthAgainMs : kNever;
  }
  const std::uint64_t limit = quiet_limit_ms();
  const Ending ending = has_undelivered() ? Ending::reset_both : Ending::close_both;
  if (now >= age_ends_ms_) return owner_.on_relay_ended(CloseReason::max_age, ending);
  if (limit != kNever && now - last_active_ms_ >= limit) {
    const auto idle = static_cast<std::uint64_t>(route_.timeouts.idle.count());
    const bool half_close = half_closed_ && (idle == 0 || limit < idle);
    return owner_.on_relay_ended(
        half_close ? CloseReason::half_close_timeout : CloseReason::idle_timeout, ending);
  }
  schedule();
}

// How long no byte may pass: the idle timeout, and the half-close timeout once a side has finished.
std::uint64_t Relay::quiet_limit_ms() const {
  const auto or_never = [](config::Duration duration) {
    return duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : kNever;
  };
  const std::uint64_t idle = or_never(route_.timeouts.idle);
  return half_closed_ ? std::min(idle, or_never(route_.timeouts.half_close)) : idle;
}

// When somebody who is silent is taken for one who will stay so.
std::uint64_t Relay::silence_ends_ms() const {
  const bool is_waited_for = upstream_.acks == net::Socket::Acks::late;
  return is_waited_for ? youth_ends_ms_ - kYouthMs + kSilenceMs : kNever;
}

void Relay::schedule() {
  const std::uint64_t now = context_.loop.now_ms();
  const std::uint64_t limit = quiet_limit_ms();
  const std::uint64_t quiet_ends = limit == kNever ? kNever : last_active_ms_ + limit;
  const std::uint64_t at =
      std::min({rounded(now, quiet_ends), age_ends_ms_, youth_ends_ms_, silence_ends_ms()});
  if (at != kNever) owner_.wake_at(at);
}

std::optional<std::uint64_t> Relay::quiet_ms() const {
  if (has_undelivered() || flushing_ != nullptr) return std::nullopt;
  return context_.loop.now_ms() - last_active_ms_;
}

}  // namespace sluice::session
