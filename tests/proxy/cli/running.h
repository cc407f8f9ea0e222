// The command line in a test: called as the shell would, and an admin API that says what it is told
// to.
#pragma once

#include <future>
#include <sstream>
#include <string>
#include <vector>

#include "proxy/cli/cli.h"
#include "tests/support/peer.h"

namespace sluice::cli {

struct Result {
  int code = -1;
  std::string out;
  std::string err;
};

// Runs `sluice ARGUMENTS`. Without a `serve`, nothing may call for the proxy to run.
inline Result run(
    const std::vector<std::string>& arguments,
    const Serve& serve = [](ServerOptions) -> int { throw std::logic_error("not to be run"); }) {
  std::vector<const char*> argv{"sluice"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_cli(static_cast<int>(argv.size()), argv.data(), out, err, serve);
  return {code, out.str(), err.str()};
}

// Answers one request with what it was given. Owns a thread until the request has been answered.
class FakeAdmin {
 public:
  explicit FakeAdmin(int status, const std::string& body,
                     const std::string& address = test::loopback(test::reserve_port()))
      : acceptor_(address), request_(std::async(std::launch::async, [this, status, body] {
          return answer_one(status, body);
        })) {}

  const std::string& address() const { return acceptor_.address(); }
  // The request's head and body. Waits for it.
  std::string request() { return request_.get(); }

 private:
  std::string answer_one(int status, const std::string& body) {
    test::Peer peer = acceptor_.accept();
    std::string request = test::receive_request(peer);
    peer.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    return request;
  }

  test::Acceptor acceptor_;
  std::future<std::string> request_;
};

}  // namespace sluice::cli
