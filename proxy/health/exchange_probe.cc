#include "proxy/health/exchange_probe.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "config/printable.h"

namespace sluice::health {

ExchangeProbe::ExchangeProbe(net::Poller& poller, net::Wheel& wheel, const config::Endpoint& to,
                             config::Duration timeout, Exchange exchange, Done done,
                             TcpProbe::FirstWords first_words)
    : poller_(poller),
      wheel_(wheel),
      timeout_(timeout),
      started_ns_(net::monotonic_ns()),
      exchange_(std::move(exchange)),
      done_(std::move(done)),
      to_say_(exchange_.opening) {
  connecting_ = std::make_unique<TcpProbe>(
      poller, wheel, to, timeout, [this](Finding finding) { on_connected(std::move(finding)); },
      std::move(first_words), [this](net::Fd connection) { connection_ = std::move(connection); });
}

ExchangeProbe::~ExchangeProbe() {
  socket_.close();
  poller_.forget(*this);
}

void ExchangeProbe::on_connected(Finding finding) {
  connecting_.reset();
  if (finding.outcome != Outcome::success) return finish(std::move(finding));
  if (!socket_.open(poller_, std::move(connection_), *this)) {
    return finish({Outcome::own_shortage, "the socket cannot be watched"});
  }
  // Rounded up, as by the probe that has connected.
  const std::uint64_t started_ms = started_ns_ / 1'000'000 + 1;
  wheel_.set(*this, started_ms + static_cast<std::uint64_t>(timeout_.count()));
}

void ExchangeProbe::on_ready() {
  say_what_is_left();
  listen();
}

void ExchangeProbe::say_what_is_left() {
  while (!to_say_.empty() && socket_.writable) {
    const ssize_t count = ::send(socket_.fd(), to_say_.data(), to_say_.size(), MSG_NOSIGNAL);
    if (count > 0) {
      to_say_.erase(0, static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      socket_.writable = false;
    } else if (errno != EINTR) {
      was_reset_ = errno == ECONNRESET;  // which the kernel says once
      to_say_.clear();                   // it has gone; what it said before is there to be heard
    }
  }
}

void ExchangeProbe::listen() {
  std::array<char, 4096> piece;
  while (socket_.readable) {
    const std::size_t most = std::min(piece.size(), exchange_.limit - heard_);
    const ssize_t count = ::recv(socket_.fd(), piece.data(), most, 0);
    if (count > 0) {
      if (!take({piece.data(), static_cast<std::size_t>(count)})) return;
    } else if (count < 0 && errno == EAGAIN) {
      socket_.readable = false;
    } else if (count == 0 && !was_reset_) {
      return fail(heard_ == 0 ? "closed without an answer" : "closed after");
    } else if (count == 0 || errno != EINTR) {
      return fail(heard_ == 0 ? "connection reset" : "connection reset after");
    }
  }
}

bool ExchangeProbe::take(std::string_view piece) {
  heard_ += piece.size();
  beginning_ += piece.substr(0, kBeginning - beginning_.size());
  Judgement judged = exchange_.hear(piece);
  if (judged.state == Judgement::State::down) {
    finish({Outcome::failure, std::move(judged.why)});
    return false;
  }
  to_say_ += judged.words.substr(answered_);
  answered_ = judged.words.size();
  say_what_is_left();
  if (judged.state == Judgement::State::open) return true;
  finish({Outcome::success, judged.why + " " + in_milliseconds(microseconds_since(started_ns_))});
  return false;
}

void ExchangeProbe::on_deadline() {
  fail(no_answer_within(timeout_) + (heard_ == 0 ? "" : " but"));
}

// `how`: to be followed by what was answered, if anything was.
void ExchangeProbe::fail(const std::string& how) {
  const std::string answered = heard_ == 0 ? "" : " " + config::in_quotes(beginning_);
  finish({Outcome::failure, how + answered + exchange_.wanted});
}

void ExchangeProbe::finish(Finding finding) {
  cancel();
  socket_.close();
  finding.duration_us = microseconds_since(started_ns_);
  std::exchange(done_, {})(std::move(finding));
}

}  // namespace sluice::health
