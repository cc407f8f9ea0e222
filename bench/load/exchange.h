// A client's end of one kept-alive HTTP/1.1 connection: asks, and has the answer, one at a time.
//
// Edge-triggered with one epoll_ctl a connection, one send and mostly one recv an exchange. An
// answer has a Content-Length. One thread. Destroying it closes the connection silently.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/load/poll.h"
#include "bench/load/tally.h"

namespace sluice::bench {

class Exchange final : public Handler {
 public:
  // Is told of the connection being up, of each answer, and of an end that was not asked for, which
  // has been counted as an error. May ask then.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_open(Exchange& exchange) = 0;
    virtual void on_answer(Exchange& exchange) = 0;
    virtual void on_failure(Exchange& exchange) = 0;
  };

  // Connects as the n-th client of the run.
  Exchange(Poll& poll, Tally& tally, Owner& owner, const sockaddr_in& target, std::uint64_t n);

  // A whole request. An answer that is not of 200 to 299 is counted as an error, the others as an
  // operation that began at `since`. Requires: open, and nothing under way.
  void ask(std::string request, Nanoseconds since);

  std::uint64_t n() const { return n_; }
  bool is_waiting() const { return is_waiting_; }

  void on_events(std::uint32_t events) override;

 private:
  void send_rest();
  void receive();
  bool is_whole();
  void fail(const char* doing, int error);

  Poll& poll_;
  Tally& tally_;
  Owner& owner_;
  net::Fd fd_;
  const std::uint64_t n_;
  bool is_connected_ = false;
  bool is_waiting_ = false;
  Nanoseconds began_ = 0;
  std::string request_;
  std::size_t sent_ = 0;
  std::string answer_;
  std::size_t length_ = 0;  // of the whole answer; 0: not known yet
};

}  // namespace sluice::bench
