// A plain HTTP client for the proxy's admin API, and a reader of its metrics page.
//
// One connection a request, blocking, with a deadline; no redirects, no keep-alive. Values; any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/wait.h"

namespace sluice::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 0;                              // 0: no answer, or none that is HTTP
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }  // throws if it is none
};

// Takes the first response off `bytes`. Knows Content-Length and chunked bodies, else reads to the
// end.
Response parse_response(std::string& bytes);

class Admin {
 public:
  explicit Admin(std::string address) : address_(std::move(address)) {}
  const std::string& address() const { return address_; }

  Response get(const std::string& target, const Headers& headers = {}) const;
  Response post(const std::string& target, const std::string& body = "",
                const Headers& headers = {}) const;
  Response put(const std::string& target, const std::string& body = "") const;
  Response del(const std::string& target) const;
  Response request(const std::string& method, const std::string& target, const std::string& body,
                   const Headers& headers) const;
  // Sends these bytes as they are and returns all that comes until the server closes.
  std::string raw(std::string_view bytes, Milliseconds within = kPatience) const;

 private:
  std::string address_;
};

// One version of /metrics.
class MetricsPage {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Series {
    std::string name;
    Labels labels;
    double value = 0;
  };

  // Throws std::runtime_error on a line that is no Prometheus text.
  static MetricsPage parse(const std::string& text);
  // The sum of all series of that name that carry these labels; 0 if there is none.
  double value(std::string_view name, const Labels& labels = {}) const;
  bool has(std::string_view name, const Labels& labels = {}) const;
  const std::vector<Series>& series() const { return series_; }

 private:
  std::vector<Series> series_;
};

}  // namespace sluice::test
