#include "bench/load/stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/load/payload.h"

namespace sluice::bench {

namespace {

constexpr std::uint64_t kComparedReads = 64;

}  // namespace

Stream::Stream(Poll& poll, net::Fd fd, Directions directions, Owner& owner)
    : fd_(std::move(fd)), directions_(directions), owner_(owner) {
  poll.add(fd_.get(), (directions_.sends ? EPOLLOUT : 0u) | (directions_.receives ? EPOLLIN : 0u),
           *this);
}

void Stream::on_events(std::uint32_t events) {
  const bool has_failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (directions_.receives && (has_failed || (events & EPOLLIN) != 0) && receive() == Outcome::over)
    return;
  if (directions_.sends && (has_failed || (events & EPOLLOUT) != 0)) send();
}

Stream::Outcome Stream::send() {
  const ssize_t sent = ::send(fd_.get(), stream_at(sent_), kChunk, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN ? Outcome::goes_on : end(End::failed, errno);
  sent_ += static_cast<std::uint64_t>(sent);
  owner_.on_sent(static_cast<std::uint64_t>(sent));
  return Outcome::goes_on;
}

Stream::Outcome Stream::receive() {
  static std::vector<char> bytes(kChunk);  // one thread
  const bool is_compared = reads_ % kComparedReads == 0;
  const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), is_compared ? 0 : MSG_TRUNC);
  if (got < 0) return errno == EAGAIN ? Outcome::goes_on : end(End::failed, errno);
  if (got == 0) return end(End::finished, 0);
  const auto size = static_cast<std::size_t>(got);
  if (is_compared && std::memcmp(bytes.data(), stream_at(received_), size) != 0)
    return end(End::wrong_bytes, 0);
  ++reads_;
  received_ += size;
  owner_.on_received(size);
  return Outcome::goes_on;
}

Stream::Outcome Stream::end(End end, int error) {
  owner_.on_end(*this, end, error);
  return Outcome::over;
}

}  // namespace sluice::bench
