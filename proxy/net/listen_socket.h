// The sockets of one bind: one a worker with SO_REUSEPORT for IP, one shared by all for a unix
// path.
//
// Made by the control loop in two steps: bind() claims the address (and finds out that it is
// taken), listen() opens it to clients. Shared with the workers through the plan; each worker
// closes its own socket when it stops listening, so that none waits for another. What is left is
// closed by the destructor, and a unix path that is still ours is removed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/endpoint.h"
#include "proxy/net/fd.h"

namespace sluice::net {

class ListenSocket {
 public:
  // Throws std::runtime_error for the operator: "cannot listen on 0.0.0.0:80: permission denied".
  // An address that anybody else listens on is refused, although SO_REUSEPORT would let two
  // processes of one user share it unnoticed; `ours` says that the one who still holds it is this
  // process, about to let go. A stale unix socket is replaced if nobody answers on it.
  static std::shared_ptr<ListenSocket> bind(const config::Endpoint& endpoint, std::size_t workers,
                                            bool ours);
  ~ListenSocket();
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;

  // Control loop. Opens to clients, or takes over a new backlog and options; throws as bind() does.
  void listen(std::uint32_t backlog, const config::Tcp& tcp);

  const config::Endpoint& endpoint() const { return endpoint_; }  // with the real port

  // Worker `worker` alone.
  int fd(std::size_t worker) const { return sockets_[worker].get(); }
  void close(std::size_t worker) { sockets_[worker].reset(); }

 private:
  ListenSocket() = default;
  void bind_ip(std::size_t workers, bool ours);
  void bind_unix(std::size_t workers);

  config::Endpoint endpoint_;
  std::vector<Fd> sockets_;
  dev_t device_ = 0;  // of the unix path that we made
  ino_t inode_ = 0;
};

}  // namespace sluice::net
