// The servers behind the proxies: on each port it echoes, or is the other end of bulk streams.
//
// One thread, one epoll set. What goes wrong with a connection is its client's to notice; what only
// the server can see is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bench/load/poll.h"
#include "bench/load/stream.h"

namespace sluice::bench {

enum class Role : std::uint8_t { echo, source, sink, both };

class Backend final : public Stream::Owner {
 public:
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t accept_failures = 0;
    std::uint64_t wrong_bytes = 0;  // streams that did not carry what was sent
  };

  explicit Backend(Poll& poll);
  ~Backend() override;

  // Throws std::system_error if the port cannot be had.
  void listen(std::uint16_t port, Role role);

  const Counts& counts() const { return counts_; }

 private:
  class Door;  // a listening socket
  class Echo;  // an echo connection

  void adopt(net::Fd fd, Role role);
  void drop(Handler& connection) { connections_.erase(&connection); }
  void on_end(Stream& stream, Stream::End end, int error) override;

  Poll& poll_;
  Counts counts_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unordered_map<Handler*, std::unique_ptr<Handler>> connections_;
};

}  // namespace sluice::bench
