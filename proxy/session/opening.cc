#include "proxy/session/opening.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "proxy/net/transfer.h"

namespace sluice::session {

using metrics::CloseReason;

namespace {

bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Opening::Opening(Owner& owner, Context& context, net::Socket& client, net::Socket& upstream,
                 Said& said)
    : owner_(owner),
      context_(context),
      client_(client),
      upstream_(upstream),
      said_(said),
      began_ms_(context.loop.now_ms()),
      last_active_ms_(began_ms_) {}

void Opening::start(std::uint64_t until_ms) {
  if (until_ms != kNever) owner_.wake_at(until_ms);
  on_ready();
}

void Opening::on_ready() {
  if (tell_of(look_at_instance())) return;
  bool heard_more = true;
  while (heard_more && !client_.failed && client_error_ == 0) {
    if (!pass_on()) {
      // It is gone; but it may have spoken before.
      const Look look = look_at_instance();
      return static_cast<void>(tell_of(look == Look::quiet ? Look::reset : look));
    }
    if (said_.size > said_.most) return give_way();
    heard_more = listen();
  }
  if (client_.failed || client_error_ != 0) give_way();
}

// Without taking anything: what it says is the relay's.
Opening::Look Opening::look_at_instance() {
  if (!upstream_.readable && !upstream_.peer_finished && !upstream_.failed) return Look::quiet;
  char first = 0;
  const ssize_t got = ::recv(upstream_.fd(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Look::spoke;
  if (got == 0) return upstream_.failed ? Look::reset : Look::closed;
  if (!is_passing(errno)) {
    instance_error_ = errno;
    return Look::reset;
  }
  upstream_.readable = errno == EINTR;
  return Look::quiet;
}

// True: it was told, and this may be gone.
bool Opening::tell_of(Look look) {
  switch (look) {
    case Look::quiet:
      return false;
    case Look::spoke:
      instance_error_ = 0;  // of sending; reading meets it after what was said
      give_way();
      return true;
    case Look::closed:
      owner_.on_early_close(CloseReason::upstream_closed, 0);
      return true;
    case Look::reset:
      if (instance_error_ == 0) instance_error_ = ECONNRESET;
      owner_.on_early_close(CloseReason::upstream_reset, instance_error_);
      return true;
  }
  return false;
}

// Takes what the client has said since. True: there was something, and there may be more.
bool Opening::listen() {
  if (said_.finished || !client_.readable) return false;
  const ssize_t got =
      net::receive(client_.fd(), said_.bytes.get() + said_.size, said_.most + 1 - said_.size);
  if (got < 0) {
    if (errno == EINTR) return true;
    if (is_passing(errno)) {
      client_.readable = false;
    } else {
      client_error_ = errno;
    }
    return false;
  }
  last_active_ms_ = context_.loop.now_ms();
  said_.size += static_cast<std::size_t>(got);
  said_.finished = got == 0;
  return true;
}

// Says to the instance what was said. False: it is gone.
bool Opening::pass_on() {
  while (has_unsent() && upstream_.writable) {
    if (sent_ != 0) upstream_.before_another_write();
    const ssize_t sent =
        net::transmit(upstream_.fd(), said_.bytes.get() + sent_, said_.size - sent_);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (!is_passing(errno)) {
        instance_error_ = errno;
        return false;
      }
      upstream_.writable = false;
      break;
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  if (has_unsent() || !said_.finished || end_sent_) return true;
  end_sent_ = true;
  if (::shutdown(upstream_.fd(), SHUT_WR) == 0) return true;
  instance_error_ = errno;
  return false;
}

void Opening::give_way() {
  Pump::Begun begun;
  begun.passed = sent_;
  begun.left = said_.size - sent_;
  begun.bytes = std::move(said_.bytes);
  begun.end_read = said_.finished;
  begun.end_passed = end_sent_;
  begun.error = client_error_;
  owner_.on_opened(std::move(begun), instance_error_);
}

}  // namespace sluice::session
