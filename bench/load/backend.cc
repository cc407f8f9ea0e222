#include "bench/load/backend.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "bench/load/sockets.h"

namespace sluice::bench {

// Accepts so many at a time, so that those already accepted are served meanwhile.
class Backend::Door final : public Handler {
 public:
  Door(Backend& backend, std::uint16_t port, Role role)
      : backend_(backend), role_(role), fd_(listen_on_loopback(port)) {
    backend.poll_.add(fd_.get(), EPOLLIN, *this);
  }

  void on_events(std::uint32_t) override {
    for (int n = 0; n < kBatch; ++n) {
      net::Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        if (errno != EAGAIN) ++backend_.counts_.accept_failures;
        return;
      }
      ++backend_.counts_.accepted;
      backend_.adopt(std::move(fd), role_);
    }
  }

 private:
  static constexpr int kBatch = 16;

  Backend& backend_;
  Role role_;
  net::Fd fd_;
};

// Sends back what it receives. What the client does not take at once is kept, and nothing more is
// read until it is gone.
class Backend::Echo final : public Handler {
 public:
  Echo(Backend& backend, net::Fd fd) : backend_(backend), fd_(std::move(fd)) {
    backend.poll_.add(fd_.get(), EPOLLIN, *this);
  }

  void on_events(std::uint32_t) override {
    if (kept_.empty())
      receive();
    else
      send_kept();
  }

 private:
  void receive() {
    static std::array<char, 64 << 10> bytes;  // one thread
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return backend_.drop(*this);
    const ssize_t sent =
        ::send(fd_.get(), bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent == got) return;
    if (sent < 0 && errno != EAGAIN) return backend_.drop(*this);
    kept_.assign(bytes.data() + (sent < 0 ? 0 : sent), bytes.data() + got);
    backend_.poll_.change(fd_.get(), EPOLLOUT, *this);
  }

  void send_kept() {
    const ssize_t sent = ::send(fd_.get(), kept_.data(), kept_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return backend_.drop(*this);
    kept_.erase(kept_.begin(), kept_.begin() + sent);
    if (kept_.empty()) backend_.poll_.change(fd_.get(), EPOLLIN, *this);
  }

  Backend& backend_;
  net::Fd fd_;
  std::vector<char> kept_;
};

Backend::Backend(Poll& poll) : poll_(poll) {}

Backend::~Backend() = default;

void Backend::listen(std::uint16_t port, Role role) {
  doors_.push_back(std::make_unique<Door>(*this, port, role));
}

void Backend::adopt(net::Fd fd, Role role) {
  std::unique_ptr<Handler> connection;
  if (role == Role::echo) {
    connection = std::make_unique<Echo>(*this, std::move(fd));
  } else {
    const Stream::Directions directions{.sends = role != Role::sink,
                                        .receives = role != Role::source};
    connection = std::make_unique<Stream>(poll_, std::move(fd), directions, *this);
  }
  connections_.emplace(connection.get(), std::move(connection));
}

void Backend::on_end(Stream& stream, Stream::End end, int) {
  if (end == Stream::End::wrong_bytes) ++counts_.wrong_bytes;
  drop(stream);
}

}  // namespace sluice::bench
