// One end of a bulk stream: sends the payload for ever, receives it, or both.
//
// Clients and servers are the same here. Each event moves at most kChunk bytes a direction. Of what
// arrives, one read in 64 is compared with what must stand there, and the kernel drops the others
// without copying them (MSG_TRUNC): so an end costs little more than its system calls. A stream
// that lost, doubled or swapped bytes comes out wrong at the next comparison.
//
// One thread. Destroying it closes the connection.
#pragma once

#include <cstdint>

#include "bench/load/poll.h"
#include "proxy/net/fd.h"

namespace sluice::bench {

class Stream final : public Handler {
 public:
  struct Directions {
    bool sends = false;
    bool receives = false;
  };

  enum class End : std::uint8_t { finished, failed, wrong_bytes };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_sent(std::uint64_t /*bytes*/) {}
    virtual void on_received(std::uint64_t /*bytes*/) {}
    // The last call; `error` is the errno of a failure, else 0. May destroy the stream.
    virtual void on_end(Stream& stream, End end, int error) = 0;
  };

  // `fd` is connected or about to be.
  Stream(Poll& poll, net::Fd fd, Directions directions, Owner& owner);

  // Bytes have moved in every direction that it has.
  bool is_flowing() const {
    return (!directions_.sends || sent_ != 0) && (!directions_.receives || received_ != 0);
  }

  void on_events(std::uint32_t events) override;

 private:
  enum class Outcome : std::uint8_t { goes_on, over };
  Outcome send();
  Outcome receive();
  Outcome end(End end, int error);

  net::Fd fd_;
  Directions directions_;
  Owner& owner_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t reads_ = 0;
};

}  // namespace sluice::bench
