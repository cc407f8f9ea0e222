// recv(2), send(2) and epoll_wait(2), past the C library's wrappers.
//
// In a program with threads each wrapper makes the call a cancellation point: two locked
// instructions before it and two after. Nobody cancels threads here, and a message is a recv and a
// send. Under a sanitizer the wrappers stay, since it learns from them what was written.
//
// As the originals otherwise: -1 and errno on failure. Any thread.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace sluice::net {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

inline ssize_t receive(int fd, void* bytes, std::size_t size) {
  return ::recv(fd, bytes, size, 0);
}
inline ssize_t transmit(int fd, const void* bytes, std::size_t size) {
  return ::send(fd, bytes, size, MSG_NOSIGNAL);
}
inline int wait_for_events(int epoll, epoll_event* events, int most, int wait_ms) {
  return ::epoll_wait(epoll, events, most, wait_ms);
}

#else

inline ssize_t receive(int fd, void* bytes, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, bytes, size, 0, nullptr, nullptr);
}
inline ssize_t transmit(int fd, const void* bytes, std::size_t size) {
  return ::syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
}
inline int wait_for_events(int epoll, epoll_event* events, int most, int wait_ms) {
  return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, most, wait_ms, nullptr, 0));
}

#endif

}  // namespace sluice::net
