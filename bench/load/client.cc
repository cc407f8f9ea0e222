#include "bench/load/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "bench/load/payload.h"
#include "bench/load/sockets.h"

namespace sluice::bench {

Client::Client(Poll& poll, Tally& tally, Owner& owner, std::size_t message_size)
    : poll_(poll),
      tally_(tally),
      owner_(owner),
      message_(message_size),
      answer_(message_size + 1) {}

bool Client::open(const sockaddr_in& target, std::uint64_t n) {
  n_ = n;
  is_connected_ = false;
  begin_message();
  fd_ = begin_connect(target, n);
  if (!fd_) {
    count_error("connect", errno);
    return false;
  }
  poll_.add(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLET, *this);
  return true;
}

void Client::send() {
  begin_message();
  send_rest();
}

void Client::on_events(std::uint32_t events) {
  if (!is_connected_) {
    if (const int error = pending_error(fd_.get()); error != 0) return fail("connect", error);
    is_connected_ = true;
  }
  if ((events & EPOLLOUT) != 0 && sent_ < message_.size()) send_rest();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && is_open()) receive();
}

// The clock of an operation starts before its first system call.
void Client::begin_message() {
  write_message(message_, n_ << 32 | ++sequence_);
  sent_ = 0;
  received_ = 0;
  began_ = now();
}

void Client::send_rest() {
  const ssize_t sent =
      ::send(fd_.get(), message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) fail("send", errno);
    return;
  }
  sent_ += static_cast<std::size_t>(sent);
  tally_.sent(static_cast<std::uint64_t>(sent));
}

// A read that comes back short has emptied the socket: the next bytes come with an event.
void Client::receive() {
  const ssize_t got = ::recv(fd_.get(), answer_.data() + received_, answer_.size() - received_, 0);
  if (got < 0) {
    if (errno != EAGAIN) fail("receive", errno);
    return;
  }
  if (got == 0) return fail("closed by the other side", 0);
  received_ += static_cast<std::size_t>(got);
  tally_.received(static_cast<std::uint64_t>(got));
  if (received_ < message_.size()) return;
  if (received_ > message_.size() ||
      std::memcmp(answer_.data(), message_.data(), message_.size()) != 0)
    return fail("wrong bytes", 0);
  tally_.operation(now() - began_);
  owner_.on_answer(*this);
}

void Client::count_error(const char* doing, int error) {
  tally_.error(error == 0 ? doing : std::string(doing) + ": " + std::strerror(error));
}

void Client::fail(const char* doing, int error) {
  count_error(doing, error);
  close();
  owner_.on_failure(*this);
}

std::uint64_t count_waiting(const Clients& clients) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(clients, [](const auto& client) { return client->is_waiting(); }));
}

}  // namespace sluice::bench
