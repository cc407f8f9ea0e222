// The backends of `sluice demo`: small servers that answer with their name, all on one thread.
//
// Each takes HTTP as well as plain lines, so that curl and nc both get an answer:
//   GET / HTTP/1.1   ->  200, "hello from alpha (connection 3)"
//   good day         ->  "alpha: good day"
// Connections are counted from their first byte, so health checks, which send none, do not count.
//
// poll(2) over everything at each turn: plain, and fast enough for a demonstration. The listening
// sockets are open when the constructor returns; the destructor ends the thread and closes all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/net/fd.h"

namespace sluice::cli {

class DemoBackends {
 public:
  struct Address {
    std::string name;
    std::uint16_t port = 0;  // on 127.0.0.1
  };

  // Called on the backends' thread with each line that was typed.
  using Typed = std::function<void(DemoBackends& self, const std::string& line)>;

  // One backend a name, on ports that were free. Lines that arrive on the descriptor `input` go to
  // `typed` until the input ends; -1: no input. It is given up for good when this process is in the
  // background of its terminal, and never closed here. Throws std::system_error when a socket
  // cannot be made.
  DemoBackends(const std::vector<std::string>& names, int input, Typed typed);
  ~DemoBackends();
  DemoBackends(const DemoBackends&) = delete;
  DemoBackends& operator=(const DemoBackends&) = delete;

  const std::vector<Address>& addresses() const { return addresses_; }

  enum class Toggled { stopped, started, unknown_name, port_taken };
  // Stops a backend as a crash would (port closed, connections reset), or starts it again on its
  // port. To be called from `typed`, so on the backends' thread.
  Toggled toggle(const std::string& name);

 private:
  struct Backend;
  struct Connection;
  void run();
  void accept_on(Backend& backend);
  void read_input();

  std::vector<Address> addresses_;
  std::vector<Backend> backends_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool short_of_fds_ = false;  // an accept failed: the next turn waits a little
  int input_;
  std::string typed_so_far_;
  Typed typed_;
  net::Fd stop_;  // an eventfd: written to once, to end the thread
  std::thread thread_;
};

}  // namespace sluice::cli
