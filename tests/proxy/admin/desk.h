// A handler for the transport's tests, and the client's half of a kept-alive connection.
//
// The Desk answers by path: "/later" keeps the Responder for the test, "/drop" forgets it, "/throw"
// throws, "/big" is 32 MiB, "/stall" stops the server's thread until let_go(), anything else tells
// method, path and body. It notes every path that it was asked for. Any thread.
#pragma once

#include <algorithm>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/http.h"
#include "tests/support/admin.h"
#include "tests/support/peer.h"

namespace sluice::admin {

class Desk {
 public:
  Handler handler() {
    return
        [this](const Request& request, const Responder& responder) { handle(request, responder); };
  }

  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  bool was_asked(std::string_view path) const { return std::ranges::count(asked(), path) > 0; }
  bool has_kept(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    return kept_.size() == count;
  }
  void answer_kept(const Reply& reply) {
    for (const Responder& responder : take_kept()) responder.send(reply);
  }
  Responder peek_kept() const {  // Requires: has_kept
    const std::lock_guard lock(mutex_);
    return kept_.front();
  }
  std::vector<Responder> take_kept() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
  }
  void let_go() { stall_.release(); }

 private:
  void handle(const Request& request, const Responder& responder) {
    note(request.path);
    if (request.path == "/stall") stall_.acquire();
    const std::lock_guard lock(mutex_);
    if (request.path == "/later") return kept_.push_back(responder);
    if (request.path == "/drop") return;
    if (request.path == "/throw") throw std::runtime_error("secret");
    if (request.path == "/big") return responder.send(Reply::json(std::string(32 << 20, ' ')));
    responder.send(Reply::json(request.method + " " + request.path + " " + request.body));
    responder.send(Reply::error(500, "a second answer"));
  }

  void note(const std::string& path) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(path);
  }

  mutable std::mutex mutex_;
  std::binary_semaphore stall_{0};
  std::vector<std::string> asked_;
  std::vector<Responder> kept_;
};

// One reply of those that are still to come on a connection.
inline test::Response receive_reply(test::Peer& peer) {
  std::string bytes;
  while (!bytes.ends_with("\r\n\r\n")) {
    const std::string byte = peer.receive(1);
    if (byte.empty()) return {};
    bytes += byte;
  }
  std::string head = bytes;
  const test::Response without_body = test::parse_response(head);
  const auto length = without_body.headers.find("content-length");
  if (length != without_body.headers.end()) bytes += peer.receive(std::stoul(length->second));
  return test::parse_response(bytes);
}

inline config::Admin loopback_config() {
  config::Admin config;
  config.bind = "127.0.0.1:0";
  return config;
}

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

}  // namespace sluice::admin
