#include "proxy/health/tcp_probe.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sluice::health {

TcpProbe::TcpProbe(net::Poller& poller, net::Wheel& wheel, const config::Endpoint& to,
                   config::Duration timeout, Done done, FirstWords first_words, TakeOver take_over)
    : poller_(poller),
      to_(to),
      timeout_(timeout),
      started_ns_(net::monotonic_ns()),
      done_(std::move(done)),
      first_words_(std::move(first_words)),
      take_over_(std::move(take_over)) {
  net::Dial dial = net::dial(to_);
  result_ = dial.result;
  error_ = dial.error;
  if (result_ == net::ConnectResult::ok && !socket_.open(poller_, std::move(dial.socket), *this)) {
    error_ = errno;
    result_ = net::ConnectResult::no_fds;
  }
  if (result_ != net::ConnectResult::ok) {
    poller_.again(*this);
  } else {
    // By the clock, not by the loop's idea of now, which is as old as the turn; rounded up.
    const std::uint64_t started_ms = started_ns_ / 1'000'000 + 1;
    wheel.set(*this, started_ms + static_cast<std::uint64_t>(timeout_.count()));
  }
}

TcpProbe::~TcpProbe() {
  socket_.close();
  poller_.forget(*this);
}

void TcpProbe::on_ready() {
  if (result_ == net::ConnectResult::ok) {
    if (!socket_.writable) return;
    result_ = net::dial_outcome(socket_, to_, error_);
  }
  if (result_ != net::ConnectResult::ok) return finish(failed_connect(result_, error_));
  // If the instance has gone meanwhile, the next probe will tell.
  if (first_words_) {
    const std::string text = first_words_(socket_.fd());
    ::send(socket_.fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (take_over_) take_over_(socket_.take());
  finish({Outcome::success, "connected " + in_milliseconds(microseconds_since(started_ns_))});
}

void TcpProbe::on_deadline() {
  finish({Outcome::failure, no_answer_within(timeout_)});
}

void TcpProbe::finish(Finding finding) {
  cancel();
  socket_.close();
  finding.duration_us = microseconds_since(started_ns_);
  std::exchange(done_, {})(std::move(finding));
}

}  // namespace sluice::health
