// A registry that says what it is told to, request by request.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/peer.h"

namespace sluice::client {

// Owns a port and a thread, on which `answer` is called with each request and its number from 0.
class FakeRegistry {
 public:
  struct Reply {
    int status = 200;
    std::string body;
    bool is_stream = false;  // stays open after `body`, until hang_up()
  };
  using Answer = std::function<Reply(const std::string& request, std::size_t n)>;

  explicit FakeRegistry(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(test::loopback(test::reserve_port())),
        thread_([this] { run(); }) {}
  ~FakeRegistry() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    test::connect_error(acceptor_.address());  // wakes the thread
    thread_.join();
  }

  const std::string& address() const { return acceptor_.address(); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  bool is_asked(std::size_t times) const {
    return test::eventually([&] { return requests().size() >= times; });
  }
  void hang_up() {  // ends the streams
    const std::lock_guard lock(mutex_);
    streams_.clear();
  }

 private:
  void run() {
    for (std::size_t n = 0;; ++n) {
      test::Peer peer = acceptor_.accept(std::chrono::hours(1));
      {
        const std::lock_guard lock(mutex_);
        if (is_over_) return;
      }
      const std::string request = test::receive_request(peer);
      const Reply reply = answer_(request, n);
      const std::lock_guard lock(mutex_);  // who has the reply may hang up at once
      peer.try_send("HTTP/1.1 " + std::to_string(reply.status) + " X\r\nConnection: close\r\n\r\n" +
                    reply.body);
      requests_.push_back(request);
      if (reply.is_stream) streams_.push_back(std::move(peer));
    }
  }

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<test::Peer> streams_;
  bool is_over_ = false;
  test::Acceptor acceptor_;
  std::thread thread_;
};

}  // namespace sluice::client
