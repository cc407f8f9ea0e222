// An HTTP check: one request on a connection of its own, judged by the answer's status and body.
//
// The answer is complete at its end or once 64 KiB of its body have come; until then the timeout,
// which covers connecting too, wins over everything that was seen. Redirects are not followed:
// their status is the answer. Nothing but the instance itself is spoken to, no proxy and no
// resolver, and no connection is used twice, so each success proves that a connection can be made.
// Belongs to the loop's thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "config/config.h"
#include "proxy/health/body_search.h"
#include "proxy/health/probe.h"
#include "proxy/health/transfers.h"
#include "proxy/net/fd.h"

namespace sluice::health {

class HttpProbe final : public RunningProbe, private Transfer {
 public:
  // Starts the request, on a connection to `to` that is there already, if one is given. `transfers`
  // and `check` must outlive the probe.
  HttpProbe(Transfers& transfers, const config::Endpoint& to, const config::Check& check, Done done,
            net::Fd connection = {});
  ~HttpProbe() override;

 private:
  static constexpr std::size_t kHeaderLimit = 64 << 10;

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int on_socket(void* self, curl_socket_t, curlsocktype);
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  void on_done(CURLcode result) override;
  void on_unwatchable() override { unwatchable_ = true; }

  template <class T>
  void set(CURLoption option, T value);
  void set_target(const config::Endpoint& to);
  void set_request();
  void add_header(const std::string& line);
  void set_guards();

  Finding judge(CURLcode result) const;
  Finding judge_connect() const;
  Finding judge_answer() const;
  bool was_reset() const;

  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  Transfers& transfers_;
  const config::Check& check_;
  const std::uint64_t started_ns_;
  Done done_;
  BodySearch body_;
  std::size_t header_size_ = 0;
  net::Fd connection_;  // until it is libcurl's
  bool is_connected_;
  int socket_error_ = 0;  // why open_socket() failed
  bool unwatchable_ = false;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeEasy> easy_;
};

}  // namespace sluice::health
