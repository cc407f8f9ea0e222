// An HTTP client of the admin API: one request, one answer, done.
//
// The secret of its address goes along as a bearer token. With bounds: 2 s to connect,
// AdminRequest::within in all, 256 MiB of answer. No proxy of the environment is used and no
// redirect followed; a connection serves one request. One thread.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "proxy/client/admin_address.h"

namespace sluice::client {

struct AdminRequest {
  std::string method = "GET";
  std::string target;     // the path with its query, already encoded
  std::string body = {};  // JSON; empty: none
  std::chrono::milliseconds within = std::chrono::seconds(30);  // a reload waits for its result
};

// What came of a request. Either `failure` says in the operator's words why there is no answer
// ("cannot reach the admin API at ...: connection refused"), or it is empty and the rest holds.
struct Answer {
  std::string failure;
  long status = 0;
  std::string body;
  std::string advice;    // of its address, that fits
  bool was_sent = true;  // false: nobody was connected to, and so nobody heard of it

  bool is_success() const { return failure.empty() && status >= 200 && status < 300; }
};

// Why it is no success, with the advice: the failure, or what the API says, or at least that it
// said something.
std::string trouble_of(const Answer& answer);

class AdminClient {
 public:
  explicit AdminClient(AdminAddress address);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  // Asks, and blocks until there is an answer or a failure.
  Answer ask(const AdminRequest& request);

  // The same in two halves, for who has a loop (AdminCall): sets up the transfer, and tells what
  // came of it. The handle stays this client's; one request at a time.
  CURL* begin(const AdminRequest& request);
  Answer end(CURLcode code);

  // A segment of a path or a value of a query, percent-encoded.
  static std::string encode(const std::string& text);

 private:
  struct Easy;
  AdminAddress address_;
  std::unique_ptr<Easy> easy_;
  Answer answer_;  // of the request that was begun
};

}  // namespace sluice::client
