// A client of an echo server: sends a message, and knows it again when it comes back.
//
// Edge-triggered with one epoll_ctl a connection and one recv and one send a message, so that it
// costs the machine no more than what it measures. One thread. Destroying it, or close(), ends the
// connection silently.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/load/poll.h"
#include "bench/load/tally.h"

namespace sluice::bench {

class Client final : public Handler {
 public:
  // Is told of each message that came back whole and right, and of the end of the connection when
  // that came from elsewhere. May open, send or close then.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_answer(Client& client) = 0;
    virtual void on_failure(Client& client) = 0;
  };

  Client(Poll& poll, Tally& tally, Owner& owner, std::size_t message_size);

  // Connects as the n-th client of the run and sends a message; n stamps it and all that follow.
  // False if not even that could begin, which is counted as an error, but not told to the owner.
  // Requires: not open.
  bool open(const sockaddr_in& target, std::uint64_t n);
  // Requires: open, and the last message was answered.
  void send();
  void close() { fd_.reset(); }

  bool is_open() const { return static_cast<bool>(fd_); }
  bool is_waiting() const { return is_open() && received_ < message_.size(); }
  std::uint64_t messages() const { return sequence_; }  // begun, over all its connections

  void on_events(std::uint32_t events) override;

 private:
  void begin_message();
  void send_rest();
  void receive();
  void count_error(const char* doing, int error);
  void fail(const char* doing, int error);

  Poll& poll_;
  Tally& tally_;
  Owner& owner_;
  net::Fd fd_;
  bool is_connected_ = false;
  std::uint64_t n_ = 0;
  std::uint64_t sequence_ = 0;
  Nanoseconds began_ = 0;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::vector<char> message_;
  std::vector<char> answer_;  // one byte longer, so that a byte too many is seen
};

using Clients = std::vector<std::unique_ptr<Client>>;

// How many of them have a message under way.
std::uint64_t count_waiting(const Clients& clients);

}  // namespace sluice::bench
