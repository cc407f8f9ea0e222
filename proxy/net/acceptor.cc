#include "proxy/net/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::net {

namespace {

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, Poller& poller, std::shared_ptr<ListenSocket> socket,
                   std::size_t worker, Handler handler)
    : poller_(poller),
      socket_(std::move(socket)),
      worker_(worker),
      handler_(std::move(handler)),
      retry_(loop, [this] { watch(); }) {
  watch();
}

Acceptor::~Acceptor() {
  constexpr int kMostInQueue = 65536;
  watch_.close();
  // Nobody is left in the queue for later now, even if the handler says so after each.
  Batch batch = Batch::held;
  for (int i = 0; i < kMostInQueue && batch == Batch::held; ++i) batch = accept_batch(kMostInQueue);
  socket_->close(worker_);
}

void Acceptor::watch() {
  if (watch_.open(poller_, socket_->fd(worker_), *this)) return;
  throw std::system_error(errno, std::generic_category(), "cannot watch a listening socket");
}

// What a batch leaves behind is told of again: the watch is level-triggered. To ask an empty queue
// costs half as much as a connection that is there (the kernel makes the socket before it looks),
// so a batch is one until the next turn finds another.
void Acceptor::on_ready() {
  const bool is_crowd = poller_.turns() == last_turn_ + 1;
  last_turn_ = poller_.turns();
  const Batch batch = accept_batch(is_crowd ? kBatch : 1);
  if (batch == Batch::starved) return pause(error_);
  if (batch == Batch::held) {
    watch_.close();
    is_held_ = true;
  }
  if (std::exchange(is_starved_, false)) handler_.starved(0);
}

Acceptor::Batch Acceptor::accept_batch(int most) {
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    Fd socket(::accept4(socket_->fd(worker_), peer.get(), peer.size_for_kernel(),
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      if (!handler_.accepted(std::move(socket), peer)) return Batch::held;
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Batch::emptied;
    error_ = errno;
    if (is_shortage(error_)) return Batch::starved;
    if (error_ == EBADF || error_ == EINVAL || error_ == ENOTSOCK) return Batch::emptied;
    // Anything else (ECONNABORTED, EPERM, a network error of that one connection) is the client's
    // loss only.
  }
  return Batch::full;
}

void Acceptor::go_on() {
  if (std::exchange(is_held_, false)) watch();
}

void Acceptor::pause(int error) {
  watch_.close();
  retry_.start(kPauseMs);
  if (!std::exchange(is_starved_, true)) handler_.starved(error);
}

}  // namespace sluice::net
