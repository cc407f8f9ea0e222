#include "proxy/net/poller.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::net {

bool Socket::open(Poller& poller, Fd fd, Pollable& owner) {
  assert(!is_open());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  if (::epoll_ctl(poller.epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) return false;
  fd_ = std::move(fd);
  poller_ = &poller;
  owner_ = &owner;
  readable = writable = peer_finished = failed = urgent = false;
  return true;
}

void Socket::close() {
  if (!is_open()) return;
  if (event_ >= 0) poller_->events_[static_cast<std::size_t>(event_)].data.ptr = nullptr;
  event_ = -1;
  fd_.reset();  // the last reference to the file: the kernel takes it out of the set
}

void Socket::reset() {
  if (!is_open()) return;
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

Poller::Poller(Loop& loop) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "cannot make an epoll set");
  auto poll = std::make_unique<PollCore>(PollCore{{}, this});
  if (const int status = uv_poll_init(loop.uv(), &poll->poll, epoll_.get()); status < 0) {
    throw std::system_error(-status, std::generic_category(), "cannot watch an epoll set");
  }
  poll->poll.data = poll.get();
  poll_.reset(poll.release());
  uv_poll_start(&poll_->poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (handle->data != nullptr) static_cast<PollCore*>(handle->data)->poller->deliver();
  });
  idle_.reset(new IdleCore{{}, this});
  uv_idle_init(loop.uv(), &idle_->idle);
  idle_->idle.data = idle_.get();
}

Poller::~Poller() = default;

void Poller::again(Pollable& owner) {
  if (owner.due_again_) return;
  owner.due_again_ = true;
  again_.push_back(&owner);
  if (again_.size() > 1) return;
  uv_idle_start(&idle_->idle, [](uv_idle_t* handle) {
    if (handle->data != nullptr) static_cast<IdleCore*>(handle->data)->poller->run_again();
  });
}

void Poller::forget(Pollable& owner) {
  if (!owner.due_again_) return;
  owner.due_again_ = false;
  std::replace(again_.begin(), again_.end(), &owner, static_cast<Pollable*>(nullptr));
  std::replace(running_.begin(), running_.end(), &owner, static_cast<Pollable*>(nullptr));
}

void Poller::deliver() {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kBatch, 0);
  // All flags first, so that an owner of two sockets sees both as they are.
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    auto* socket = static_cast<Socket*>(event.data.ptr);
    socket->event_ = i;
    if (event.events & EPOLLIN) socket->readable = true;
    if (event.events & EPOLLOUT) socket->writable = true;
    if (event.events & EPOLLPRI) socket->urgent = socket->readable = true;
    if (event.events & (EPOLLRDHUP | EPOLLHUP)) socket->peer_finished = socket->readable = true;
    if (event.events & EPOLLERR) socket->failed = socket->readable = socket->writable = true;
  }
  for (int i = 0; i < count; ++i) {
    auto* socket = static_cast<Socket*>(events_[static_cast<std::size_t>(i)].data.ptr);
    if (socket == nullptr) continue;  // closed while others were told
    socket->event_ = -1;
    socket->owner_->on_ready();
  }
}

void Poller::run_again() {
  running_.swap(again_);
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Pollable* owner = running_[i];
    if (owner == nullptr) continue;
    owner->due_again_ = false;
    running_[i] = nullptr;
    owner->on_ready();
  }
  running_.clear();
  if (again_.empty()) uv_idle_stop(&idle_->idle);
}

}  // namespace sluice::net
