#include "bench/load/exchange.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/load/sockets.h"

namespace sluice::bench {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kLength = "Content-Length: ";
constexpr std::size_t kStatusAt = 9;  // "HTTP/1.1 200"

}  // namespace

Exchange::Exchange(Poll& poll, Tally& tally, Owner& owner, const sockaddr_in& target,
                   std::uint64_t n)
    : poll_(poll), tally_(tally), owner_(owner), fd_(begin_connect(target, n)), n_(n) {
  if (!fd_) throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  poll_.add(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLET, *this);
}

void Exchange::ask(std::string request, Nanoseconds since) {
  request_ = std::move(request);
  sent_ = 0;
  answer_.clear();
  length_ = 0;
  began_ = since;
  is_waiting_ = true;
  send_rest();
}

void Exchange::on_events(std::uint32_t events) {
  if (!fd_) return;
  if (!std::exchange(is_connected_, true)) {
    if (const int error = pending_error(fd_.get()); error != 0) return fail("connect", error);
    owner_.on_open(*this);
  } else if ((events & EPOLLOUT) != 0 && is_waiting_ && sent_ < request_.size()) {
    send_rest();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && fd_) receive();
}

void Exchange::send_rest() {
  const ssize_t sent =
      ::send(fd_.get(), request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) fail("send", errno);
    return;
  }
  sent_ += static_cast<std::size_t>(sent);
  tally_.sent(static_cast<std::uint64_t>(sent));
}

// A read that comes back short has emptied the socket: the next bytes come with an event.
void Exchange::receive() {
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (got < 0) {
      if (errno != EAGAIN) fail("receive", errno);
      return;
    }
    if (got == 0) return fail("closed by the other side", 0);
    tally_.received(static_cast<std::uint64_t>(got));
    answer_.append(piece.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < piece.size()) break;
  }
  if (!is_whole()) return;
  is_waiting_ = false;
  if (answer_[kStatusAt] == '2') {
    tally_.operation(now() - began_);
  } else {
    tally_.error("status " + answer_.substr(kStatusAt, 3));
  }
  owner_.on_answer(*this);
}

bool Exchange::is_whole() {
  if (length_ == 0) {
    const std::string_view answer = answer_;
    const std::size_t end = answer.find(kEndOfHead);
    if (end == std::string_view::npos) return false;
    const std::size_t at = answer.substr(0, end).find(kLength);
    std::size_t body = 0;
    if (at != std::string_view::npos) {
      std::from_chars(answer.data() + at + kLength.size(), answer.data() + end, body);
    }
    length_ = end + kEndOfHead.size() + body;
  }
  return answer_.size() >= length_;
}

void Exchange::fail(const char* doing, int error) {
  tally_.error(error == 0 ? doing : std::string(doing) + ": " + std::strerror(error));
  fd_.reset();
  owner_.on_failure(*this);
}

}  // namespace sluice::bench
