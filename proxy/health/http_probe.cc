#include "proxy/health/http_probe.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace sluice::health {

namespace {

Finding failure(std::string detail) {
  return {Outcome::failure, std::move(detail)};
}

std::string text(const std::vector<config::StatusRange>& ranges) {
  std::string joined;
  for (const config::StatusRange& range : ranges) {
    if (!joined.empty()) joined += " or ";
    joined += std::to_string(range.from);
    if (range.to != range.from) joined += "-" + std::to_string(range.to);
  }
  return joined;
}

bool is_wanted(long status, const std::vector<config::StatusRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [status](const config::StatusRange& range) {
    return status >= range.from && status <= range.to;
  });
}

}  // namespace

HttpProbe::HttpProbe(Transfers& transfers, const config::Endpoint& to, const config::Check& check,
                     Done done, net::Fd connection)
    : transfers_(transfers),
      check_(check),
      started_ns_(net::monotonic_ns()),
      done_(std::move(done)),
      body_(check.http.body),
      connection_(std::move(connection)),
      is_connected_(static_cast<bool>(connection_)),
      easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  set_target(to);
  set_request();
  set_guards();
  transfers_.add(easy_.get(), *this);
}

HttpProbe::~HttpProbe() {
  transfers_.remove(easy_.get());
}

template <class T>
void HttpProbe::set(CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
  if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
}

void HttpProbe::set_target(const config::Endpoint& to) {
  const bool is_unix = to.family == config::Endpoint::Family::unix_path;
  const std::string authority = is_unix ? "localhost" : to.text();
  set(CURLOPT_URL, ("http://" + authority + "/").c_str());
  if (is_unix) set(CURLOPT_UNIX_SOCKET_PATH, to.path->c_str());
  set(CURLOPT_PROXY, "");
  set(CURLOPT_PROTOCOLS_STR, "http");
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
}

void HttpProbe::set_request() {
  const config::HttpCheck& http = check_.http;
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_REQUEST_TARGET, http.path.c_str());  // as written, not tidied up
  if (http.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (http.method != "GET" && http.method != "HEAD") {
    set(CURLOPT_CUSTOMREQUEST, http.method.c_str());
  }
  set(CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
  add_header("Connection: close");
  if (!http.host.empty()) add_header("Host: " + http.host);
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void HttpProbe::add_header(const std::string& line) {
  curl_slist* first = curl_slist_append(headers_.get(), line.c_str());
  if (first == nullptr) throw std::bad_alloc();
  if (!headers_) headers_.reset(first);
}

void HttpProbe::set_guards() {
  const long timeout_ms = static_cast<long>(check_.timeout.count());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, timeout_ms);
  // libcurl's own bound on connecting, 300 s, must not cut a longer timeout short.
  set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

curl_socket_t HttpProbe::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* probe = static_cast<HttpProbe*>(self);
  if (probe->is_connected_) return probe->connection_.release();
  const int fd = ::socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          address->protocol);
  if (fd < 0) probe->socket_error_ = errno;
  return fd;
}

int HttpProbe::on_socket(void* self, curl_socket_t, curlsocktype) {
  return static_cast<HttpProbe*>(self)->is_connected_ ? CURL_SOCKOPT_ALREADY_CONNECTED
                                                      : CURL_SOCKOPT_OK;
}

// Both callbacks take all that they are given; answering less ends the transfer.
std::size_t HttpProbe::on_header(char*, std::size_t, std::size_t size, void* self) {
  auto* probe = static_cast<HttpProbe*>(self);
  probe->header_size_ += size;
  return probe->header_size_ <= kHeaderLimit ? size : 0;
}

std::size_t HttpProbe::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto* probe = static_cast<HttpProbe*>(self);
  probe->body_.take({data, size});
  return probe->body_.is_full() ? 0 : size;
}

void HttpProbe::on_done(CURLcode result) {
  Finding finding = judge(result);
  finding.duration_us = microseconds_since(started_ns_);
  std::exchange(done_, {})(std::move(finding));
}

Finding HttpProbe::judge(CURLcode result) const {
  if (unwatchable_) return {Outcome::own_shortage, "the socket cannot be watched"};
  switch (result) {
    case CURLE_OK:
      return judge_answer();
    case CURLE_WRITE_ERROR:  // one of our two callbacks had enough
      if (body_.is_full()) return judge_answer();
      return failure("the answer's header is larger than 64 KiB");
    case CURLE_OPERATION_TIMEDOUT:
      return failure(no_answer_within(check_.timeout));
    case CURLE_COULDNT_CONNECT:
      return judge_connect();
    case CURLE_OUT_OF_MEMORY:
      return {Outcome::own_shortage, curl_easy_strerror(result)};
    case CURLE_GOT_NOTHING:
      return failure("closed without an answer");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return failure(was_reset() ? "connection reset" : "the answer broke off");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return failure("the answer is not HTTP");
    default:
      return failure(curl_easy_strerror(result));
  }
}

bool HttpProbe::was_reset() const {
  long error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  return error == ECONNRESET || error == EPIPE;
}

Finding HttpProbe::judge_connect() const {
  long error = socket_error_;
  if (error == 0) curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  const int code = static_cast<int>(error);
  return failed_connect(net::classify_connect_error(code), code);
}

Finding HttpProbe::judge_answer() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  const std::string said = "status " + std::to_string(status);
  if (!is_wanted(status, check_.http.status)) {
    return failure(said + ", wanted " + text(check_.http.status));
  }
  if (!body_.found()) {
    const std::string wanted = " \"" + check_.http.body + "\"";
    return failure(body_.is_full() ? "the first 64 KiB of the body lack" + wanted
                                   : "the body lacks" + wanted);
  }
  return {Outcome::success, said + " " + in_milliseconds(microseconds_since(started_ns_))};
}

}  // namespace sluice::health
