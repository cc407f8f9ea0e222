// libcurl's transfers on a libuv loop: one multi handle, a uv_poll for each of its sockets, one
// timer.
//
// Owned by the Checker; used on the loop's thread alone. Sockets are watched level-triggered by
// libuv, as libcurl wants them, not by the edge-triggered Poller. (multi_socket interface of
// libcurl 7.88.)
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>

#include "proxy/net/loop.h"
#include "proxy/net/owned.h"

namespace sluice::health {

// One transfer: whoever made the easy handle, and owns it.
class Transfer {
 public:
  // The transfer is over. May remove and destroy this and others, and add new ones.
  virtual void on_done(CURLcode result) = 0;
  // The loop cannot watch the transfer's socket. It will end by its timeout.
  virtual void on_unwatchable() = 0;

 protected:
  ~Transfer() = default;
};

class Transfers {
 public:
  // Throws std::runtime_error if libcurl cannot be set up.
  explicit Transfers(net::Loop& loop);
  ~Transfers();  // requires: every transfer has been removed
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  // Starts `easy`; `transfer` is told of its end, in a later turn. Takes CURLOPT_PRIVATE.
  void add(CURL* easy, Transfer& transfer);
  // Abandons `easy`, or takes it away after its end. Not from within a callback of libcurl's.
  void remove(CURL* easy);

 private:
  struct PollCore {
    uv_poll_t poll;
    Transfers* transfers;
    curl_socket_t socket;
  };
  static int on_socket_wanted(CURL* easy, curl_socket_t socket, int what, void* self, void*);
  static int on_timer_wanted(CURLM*, long delay_ms, void* self);
  static void on_socket_ready(uv_poll_t* poll, int status, int events);
  PollCore* watch(curl_socket_t socket);
  void act(curl_socket_t socket, int flags);

  struct Cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  net::Loop& loop_;
  net::Timer timer_;
  std::map<curl_socket_t, net::Owned<PollCore>> polls_;
  std::unique_ptr<CURLM, Cleanup> multi_;  // last: goes first, and lets go of its sockets
};

}  // namespace sluice::health
