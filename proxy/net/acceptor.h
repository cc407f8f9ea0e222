// Accepts on one worker's listening socket: in batches of a bounded size, so that a flood of
// connections does not starve those that are there, and one at a time while clients come singly.
// Belongs to the worker's thread.
//
// Out of descriptors or memory it pauses and tries again after kPauseMs, instead of spinning on a
// queue that it cannot empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "proxy/net/address.h"
#include "proxy/net/fd.h"
#include "proxy/net/listen_socket.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"

namespace sluice::net {

class Acceptor final : private Pollable {
 public:
  static constexpr int kBatch = 32;
  static constexpr std::uint64_t kPauseMs = 100;

  struct Handler {
    // False: no more for now. What else comes stays in the kernel's queue until go_on().
    std::function<bool(Fd, const SocketAddress& peer)> accepted;
    // Accepting has paused for want of something (errno), or goes on again (0); each told once.
    std::function<void(int error)> starved;
  };

  Acceptor(Loop& loop, Poller& poller, std::shared_ptr<ListenSocket> socket, std::size_t worker,
           Handler handler);
  // Accepts what is still waiting in the queue, which closing would reset; then closes this
  // worker's socket.
  ~Acceptor();

  const std::shared_ptr<ListenSocket>& socket() const { return socket_; }

  // Ends what a false of `accepted` began; not in a call of it.
  void go_on();

 private:
  enum class Batch { emptied, full, starved, held };
  Batch accept_batch(int most);
  void on_ready() override;
  void watch();
  void pause(int error);

  Poller& poller_;
  const std::shared_ptr<ListenSocket> socket_;
  const std::size_t worker_;
  const Handler handler_;
  Watch watch_;
  Timer retry_;
  std::uint64_t last_turn_ = 0;  // of the poller, that told of clients
  bool is_starved_ = false;
  bool is_held_ = false;
  int error_ = 0;
};

}  // namespace sluice::net
