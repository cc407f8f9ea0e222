// The command line's HTTP client: one request to the admin API, one answer, done.
//
// The secret of its address goes along as a bearer token. Blocking, with bounds: 2 s to connect, 30
// s in all (a reload waits for its result), 256 MiB of answer. No proxy of the environment is used
// and no redirect followed. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "proxy/cli/admin_address.h"

namespace sluice::cli {

// What came of a request. Either `failure` says in the operator's words why there is no answer
// ("cannot reach the admin API at ...: connection refused ..."), or it is empty and the rest holds.
struct Answer {
  std::string failure;
  long status = 0;
  std::string body;

  bool is_success() const { return failure.empty() && status >= 200 && status < 300; }
};

class AdminClient {
 public:
  explicit AdminClient(AdminAddress address);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  // `target` is the path with its query, already encoded.
  Answer get(const std::string& target);
  Answer post(const std::string& target);

  // A segment of a path or a value of a query, percent-encoded.
  static std::string encode(const std::string& text);

 private:
  Answer perform(const std::string& target);

  struct Easy;
  AdminAddress address_;
  std::unique_ptr<Easy> easy_;
};

}  // namespace sluice::cli
