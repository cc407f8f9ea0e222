#include "proxy/net/listen_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "proxy/net/address.h"
#include "proxy/net/tcp_options.h"

namespace sluice::net {

namespace {

[[noreturn]] void refuse(const config::Endpoint& endpoint, int error) {
  std::string why = std::strerror(error);
  if (error == EADDRINUSE) why = "the address is in use";
  if (error == EACCES) why = "permission denied";
  if (error == EADDRNOTAVAIL) why = "this machine has no such address";
  throw std::runtime_error("cannot listen on " + endpoint.text() + ": " + why);
}

void enable(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof(on));
}

Fd bound_socket(const config::Endpoint& endpoint, bool reuse_port) {
  const SocketAddress address(endpoint);
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) refuse(endpoint, errno);
  enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (reuse_port) enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (address.family() == AF_INET6) enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd.get(), address.get(), address.size()) != 0) refuse(endpoint, errno);
  return fd;
}

bool somebody_answers(const SocketAddress& address) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return true;
  return ::connect(fd.get(), address.get(), address.size()) == 0 || errno != ECONNREFUSED;
}

// Removes a socket that a process left behind; anything else at that path is not ours to remove.
void remove_stale(const config::Endpoint& endpoint) {
  struct stat status;
  if (::lstat(endpoint.path->c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw std::runtime_error("cannot listen on " + endpoint.text() +
                             ": there is a file that is not a socket");
  }
  if (somebody_answers(SocketAddress(endpoint))) refuse(endpoint, EADDRINUSE);
  ::unlink(endpoint.path->c_str());
}

}  // namespace

std::shared_ptr<ListenSocket> ListenSocket::bind(const config::Endpoint& endpoint,
                                                 std::size_t workers, bool ours) {
  std::shared_ptr<ListenSocket> made(new ListenSocket);
  made->endpoint_ = endpoint;
  if (endpoint.family == config::Endpoint::Family::unix_path) {
    made->bind_unix(workers);
  } else {
    made->bind_ip(workers, ours);
  }
  return made;
}

void ListenSocket::bind_ip(std::size_t workers, bool ours) {
  // Without SO_REUSEPORT the kernel tells us of any other listener on the address.
  if (!ours && endpoint_.port != 0) bound_socket(endpoint_, false).reset();
  for (std::size_t worker = 0; worker < workers; ++worker) {
    sockets_.push_back(bound_socket(endpoint_, true));
    if (endpoint_.port != 0) continue;
    SocketAddress given;
    if (::getsockname(sockets_.back().get(), given.get(), given.size_for_kernel()) != 0) {
      refuse(endpoint_, errno);
    }
    endpoint_.port = given.endpoint().port;
  }
}

void ListenSocket::bind_unix(std::size_t workers) {
  remove_stale(endpoint_);
  sockets_.push_back(bound_socket(endpoint_, false));
  struct stat status;
  if (::stat(endpoint_.path->c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  for (std::size_t worker = 1; worker < workers; ++worker) {
    sockets_.emplace_back(::fcntl(sockets_.front().get(), F_DUPFD_CLOEXEC, 0));
    if (!sockets_.back()) refuse(endpoint_, errno);
  }
}

ListenSocket::~ListenSocket() {
  if (inode_ == 0) return;
  struct stat status;
  const bool is_ours = ::lstat(endpoint_.path->c_str(), &status) == 0 && status.st_dev == device_ &&
                       status.st_ino == inode_;
  if (is_ours) ::unlink(endpoint_.path->c_str());
}

void ListenSocket::listen(std::uint32_t backlog, const config::Tcp& tcp) {
  for (const Fd& socket : sockets_) {
    if (!socket) continue;
    set_tcp_options(socket.get(), tcp);
    if (::listen(socket.get(), static_cast<int>(backlog)) != 0) refuse(endpoint_, errno);
  }
}

}  // namespace sluice::net
