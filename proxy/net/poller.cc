#include "proxy/net/poller.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::net {

bool Entry::add(Poller& poller, int fd, std::uint32_t events, Pollable& owner) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  if (::epoll_ctl(poller.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  poller_ = &poller;
  owner_ = &owner;
  readable = writable = peer_finished = failed = urgent = false;
  return true;
}

void Entry::drop() {
  if (event_ >= 0) poller_->events_[static_cast<std::size_t>(event_)].data.ptr = nullptr;
  event_ = -1;
}

bool Watch::open(Poller& poller, int fd, Pollable& owner) {
  assert(!is_open());
  if (!add(poller, fd, EPOLLIN, owner)) return false;
  fd_ = fd;
  return true;
}

void Watch::close() {
  if (!is_open()) return;
  drop();
  poller()->remove(std::exchange(fd_, -1));
}

bool Socket::open(Poller& poller, Fd fd, Pollable& owner) {
  assert(!is_open());
  if (!add(poller, fd.get(), EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET, owner)) {
    return false;
  }
  fd_ = std::move(fd);
  quick_writes_ = 0;
  return true;
}

void Socket::stop_nagling() {
  nagles = false;
  const int yes = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

void Socket::ack_at_once() {
  acks = ++quick_writes_ < kQuickWrites ? Acks::kept_quick : Acks::usual;
  const int yes = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

Fd Socket::take() {
  drop();
  if (fd_) poller()->remove(fd_.get());
  return std::exchange(fd_, {});
}

void Socket::close() {
  if (!is_open()) return;
  drop();
  fd_.reset();  // the last reference to the file: the kernel takes it out of the set
}

void Socket::reset() {
  if (!is_open()) return;
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

Poller::Poller(Loop& loop) : loop_(loop), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "cannot make an epoll set");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, uv_backend_fd(loop.uv()), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch an epoll set");
  }
  assert(loop.waiter_ == nullptr);
  loop.waiter_ = this;
}

Poller::~Poller() {
  loop_.waiter_ = nullptr;
}

void Poller::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::again(Pollable& owner) {
  if (owner.due_again_) return;
  owner.due_again_ = true;
  again_.push_back(&owner);
}

void Poller::forget(Pollable& owner) {
  if (!owner.due_again_) return;
  owner.due_again_ = false;
  std::replace(again_.begin(), again_.end(), &owner, static_cast<Pollable*>(nullptr));
  std::replace(running_.begin(), running_.end(), &owner, static_cast<Pollable*>(nullptr));
}

void Poller::begin() {
  libuv_waits_ms_ = uv_backend_timeout(loop_.uv());
}

// uv_backend_timeout() is 0, too, when libuv has watchers to put into its set.
void Poller::turn() {
  ++turns_;
  const int count =
      wait_.wait(epoll_.get(), events_.data(), kBatch, again_.empty() ? libuv_waits_ms_ : 0);
  uv_update_time(loop_.uv());
  const bool libuv_is_ready = deliver(count);
  run_again();
  libuv_waits_ms_ = uv_backend_timeout(loop_.uv());
  if (!libuv_is_ready && libuv_waits_ms_ != 0) return;
  uv_run(loop_.uv(), UV_RUN_NOWAIT);
  begin();
}

bool Poller::deliver(int count) {
  bool libuv_is_ready = false;
  // All flags first, so that an owner of two sockets sees both as they are.
  for (int i = 0; i < count; ++i) {
    epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == this) {
      libuv_is_ready = true;
      event.data.ptr = nullptr;
      continue;
    }
    auto* entry = static_cast<Entry*>(event.data.ptr);
    entry->event_ = i;
    if (event.events & EPOLLIN) entry->readable = true;
    if (event.events & EPOLLOUT) entry->writable = true;
    if (event.events & EPOLLPRI) entry->urgent = entry->readable = true;
    if (event.events & (EPOLLRDHUP | EPOLLHUP)) entry->peer_finished = entry->readable = true;
    if (event.events & EPOLLERR) entry->failed = entry->readable = entry->writable = true;
  }
  for (int i = 0; i < count; ++i) {
    auto* entry = static_cast<Entry*>(events_[static_cast<std::size_t>(i)].data.ptr);
    if (entry == nullptr) continue;  // libuv, or closed while others were told
    entry->event_ = -1;
    entry->owner_->on_ready();
  }
  return libuv_is_ready;
}

void Poller::run_again() {
  if (again_.empty()) return;
  running_.swap(again_);
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Pollable* owner = running_[i];
    if (owner == nullptr) continue;
    owner->due_again_ = false;
    running_[i] = nullptr;
    owner->on_ready();
  }
  running_.clear();
}

}  // namespace sluice::net
