#include "tests/support/backend.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <unordered_map>

#include "tests/support/payload.h"

namespace sluice::test {
namespace {

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kMostWaiting = 256 << 10;

}  // namespace

struct Backend::Connection::Source {
  Stream stream;
  std::uint64_t left;
};

void Backend::Script::on_finish(Connection& connection) {
  connection.finish();
}

void Backend::Connection::send_stream(std::uint64_t seed, std::uint64_t n) {
  source_ = std::make_shared<Source>(Source{Stream(seed), n});
}

void Backend::Connection::reset() {
  const linger abort{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  waiting_.clear();
  source_.reset();
  then_ = Then::close;
}

// Takes the next chunk of the stream into `waiting_`; false if there is nothing left to send.
bool Backend::Connection::refill() {
  if (!waiting_.empty()) return true;
  if (!source_) return false;
  waiting_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(source_->left, kChunk)));
  source_->stream.fill(waiting_.data(), waiting_.size());
  source_->left -= waiting_.size();
  if (source_->left == 0) source_.reset();
  return true;
}

std::uint32_t Backend::Connection::interest() const {
  const bool wants_input = !client_ended_ && !paused_ && waiting_.size() < kMostWaiting;
  return (wants_input ? unsigned{EPOLLIN} : 0u) | (has_output() ? unsigned{EPOLLOUT} : 0u);
}

// One life of the server, from start() to stop().
class Backend::Loop {
 public:
  explicit Loop(Backend& backend)
      : backend_(backend), listener_(listen_on(backend.address_, backend.options_)) {
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener_.get(), EPOLLIN);
    watch(EPOLL_CTL_ADD, wake_.get(), EPOLLIN);
    thread_ = std::thread([this] { run(); });
  }

  ~Loop() {
    stopping_ = true;
    wake();
    thread_.join();
    backend_.live_ -= connections_.size();
  }

  void wake() { ::eventfd_write(wake_.get(), 1); }

 private:
  void watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_.get(), operation, fd, &event);
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (!stopping_) {
      const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) handle(events[static_cast<std::size_t>(i)]);
    }
  }

  void handle(const epoll_event& event) {
    if (event.data.fd == listener_.get()) return accept_all();
    if (event.data.fd == wake_.get()) return on_wake();
    const auto found = connections_.find(event.data.fd);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    if ((event.events & ~unsigned{EPOLLOUT}) != 0) read(connection);
    settle(connection);
  }

  void on_wake() {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    std::vector<Connection*> all;
    for (auto& [fd, connection] : connections_) all.push_back(connection.get());
    for (Connection* connection : all) settle(*connection);
  }

  void accept_all() {
    for (;;) {
      Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) return;
      backend_.most_live_ = std::max<std::uint64_t>(backend_.most_live_, ++backend_.live_);
      const std::uint64_t serial = backend_.accepted_++;
      backend_.note(Event::What::accepted, serial);
      const int fd = socket.get();
      auto& connection = connections_[fd];
      connection = std::make_unique<Connection>(std::move(socket), serial);
      connection->script_ = backend_.make_script_();
      connection->script_->on_accept(*connection);
      settle(*connection);
    }
  }

  void read(Connection& connection) {
    if (connection.client_ended_ || connection.paused_) return;
    const ssize_t n = ::recv(connection.socket_.get(), chunk_.data(), chunk_.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) {
      backend_.received_ += static_cast<std::uint64_t>(n);
      connection.script_->on_data(connection, {chunk_.data(), static_cast<std::size_t>(n)});
      return;
    }
    connection.client_ended_ = true;
    if (n == 0) {
      backend_.note(Event::What::client_finished, connection.serial_);
      connection.script_->on_finish(connection);
    } else {
      backend_.note(Event::What::client_reset, connection.serial_);
      connection.reset();
    }
  }

  // Sends what the kernel takes. False: the connection is broken.
  bool write(Connection& connection) {
    while (connection.refill()) {
      const ssize_t n = ::send(connection.socket_.get(), connection.waiting_.data(),
                               connection.waiting_.size(), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      backend_.sent_ += static_cast<std::uint64_t>(n);
      connection.waiting_.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }

  // Does what is due: send, finish, close; then watches for what is to come.
  void settle(Connection& connection) {
    if (backend_.released_) connection.paused_ = false;
    if (!write(connection)) {
      backend_.note(Event::What::client_reset, connection.serial_);
      return drop(connection);
    }
    if (!connection.has_output()) {
      if (connection.then_ == Connection::Then::close) return drop(connection);
      if (connection.then_ == Connection::Then::finish && !connection.finished_) {
        ::shutdown(connection.socket_.get(), SHUT_WR);
        connection.finished_ = true;
      }
      if (connection.finished_ && connection.client_ended_) return drop(connection);
    }
    const std::uint32_t wanted = connection.interest();
    if (wanted == connection.watched_) return;
    // With no interest the socket leaves the set: a hang-up would be reported for ever.
    const int operation = wanted == 0                ? EPOLL_CTL_DEL
                          : connection.watched_ == 0 ? EPOLL_CTL_ADD
                                                     : EPOLL_CTL_MOD;
    watch(operation, connection.socket_.get(), wanted);
    connection.watched_ = wanted;
  }

  void drop(Connection& connection) {
    backend_.note(Event::What::closed, connection.serial_);
    --backend_.live_;
    connections_.erase(connection.socket_.get());
  }

  Backend& backend_;
  Fd listener_;
  Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  Fd wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> stopping_{false};
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;  // of thread_
  std::string chunk_ = std::string(kChunk, '\0');                     // of thread_
  std::thread thread_;
};

Backend::Backend(MakeScript make_script, const ListenOptions& options, const std::string& address)
    : make_script_(std::move(make_script)), options_(options), address_(address) {
  start();
}

Backend::~Backend() {
  stop();
}

void Backend::start() {
  if (!loop_) loop_ = std::make_unique<Loop>(*this);
}

void Backend::stop() {
  loop_.reset();
}

void Backend::release() {
  released_ = true;
  if (loop_) loop_->wake();
}

void Backend::note(Event::What what, std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  events_.push_back({what, Clock::now(), connection});
}

std::vector<Backend::Event> Backend::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::uint64_t Backend::count(Event::What what) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint64_t>(
      std::ranges::count(events_, what, [](const Event& event) { return event.what; }));
}

}  // namespace sluice::test
