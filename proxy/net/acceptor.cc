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

Acceptor::Acceptor(Loop& loop, std::shared_ptr<ListenSocket> socket, std::size_t worker,
                   Handler handler)
    : loop_(loop),
      socket_(std::move(socket)),
      worker_(worker),
      handler_(std::move(handler)),
      retry_(loop, [this] { watch(); }) {
  auto poll = std::make_unique<PollCore>(PollCore{{}, this});
  const int status = uv_poll_init(loop_.uv(), &poll->poll, socket_->fd(worker_));
  if (status < 0) {
    throw std::system_error(-status, std::generic_category(), "cannot watch a listening socket");
  }
  poll->poll.data = poll.get();
  poll_.reset(poll.release());
  watch();
}

Acceptor::~Acceptor() {
  constexpr int kMostInQueue = 65536;
  poll_.reset();
  accept_batch(kMostInQueue);
  socket_->close(worker_);
}

void Acceptor::watch() {
  uv_poll_start(&poll_->poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (handle->data != nullptr) static_cast<PollCore*>(handle->data)->acceptor->on_readable();
  });
}

// What a full batch leaves behind is reported again: the poll is level-triggered.
void Acceptor::on_readable() {
  if (accept_batch(kBatch) == Batch::starved) return pause(error_);
  if (std::exchange(is_starved_, false)) handler_.starved(0);
}

Acceptor::Batch Acceptor::accept_batch(int most) {
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    Fd socket(::accept4(socket_->fd(worker_), peer.get(), peer.size_for_kernel(),
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      handler_.accepted(std::move(socket), peer);
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

void Acceptor::pause(int error) {
  uv_poll_stop(&poll_->poll);
  retry_.start(kPauseMs);
  if (!std::exchange(is_starved_, true)) handler_.starved(error);
}

}  // namespace sluice::net
