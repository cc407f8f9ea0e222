#include "proxy/net/tcp_options.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>

namespace sluice::net {

namespace {

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

int seconds(config::Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

bool is_tcp(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

}  // namespace

// The kernel's own refusal (EOPNOTSUPP) is what makes these a no-op on unix sockets.
void set_tcp_options(int fd, const config::Tcp& tcp) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, tcp.nodelay ? 1 : 0);
  watch_peer(fd, tcp);
}

void watch_peer(int fd, const config::Tcp& tcp) {
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(tcp.user_timeout.count()));
  const bool keepalive = tcp.keepalive.idle.count() > 0;
  set(fd, SOL_SOCKET, SO_KEEPALIVE, keepalive ? 1 : 0);
  if (!keepalive) return;
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(tcp.keepalive.idle));
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(tcp.keepalive.interval));
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(tcp.keepalive.count));
}

int undelivered_bytes(int fd) {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes == 0 || !is_tcp(fd)) return 0;
  return bytes;
}

}  // namespace sluice::net
