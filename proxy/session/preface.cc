#include "proxy/session/preface.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::session {

using metrics::CloseReason;
using State = net::ReadHeader::State;

void Preface::start(std::uint64_t within_ms) {
  owner_.wake_at(context_.loop.now_ms() + within_ms);
  on_ready();  // it may be there already
}

void Preface::on_ready() {
  if (client_.failed) return owner_.on_no_preface(CloseReason::client_reset, "");
  context_.scratch.reserve(net::kLongestProxyHeader);
  char* const bytes = context_.scratch.bytes.get();
  const ssize_t count =
      ::recv(client_.fd(), bytes, net::kLongestProxyHeader, MSG_PEEK | MSG_DONTWAIT);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return owner_.on_no_preface(CloseReason::client_reset, std::strerror(errno));
  }
  if (count == 0) return owner_.on_no_preface(CloseReason::client_closed, "before a PROXY header");
  take(net::read_proxy_header({bytes, static_cast<std::size_t>(count)}));
}

void Preface::take(const net::ReadHeader& read) {
  switch (read.state) {
    case State::partial:
      if (!client_.peer_finished) return;
      return owner_.on_no_preface(CloseReason::proxy_header_invalid,
                                  "a PROXY header that is cut off");
    case State::absent:
      if (is_optional_) return owner_.on_no_header();
      return owner_.on_no_preface(CloseReason::proxy_header_invalid, read.why);
    case State::malformed:
      return owner_.on_no_preface(CloseReason::proxy_header_invalid, read.why);
    case State::complete:
      break;
  }
  // What was seen is there to be taken.
  ::recv(client_.fd(), context_.scratch.bytes.get(), read.size, MSG_DONTWAIT);
  owner_.on_header(read.header);
}

void Preface::on_deadline() {
  owner_.on_no_preface(CloseReason::proxy_header_timeout,
                       "no whole PROXY header within first_bytes");
}

}  // namespace sluice::session
