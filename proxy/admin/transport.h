// The thread of the admin API: accepts clients, keeps their connections, takes in what other
// threads post.
//
// Made on any thread, then run() on one that is its own until post_stop(); destroyed after run()
// has returned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "proxy/admin/http_connection.h"
#include "proxy/admin/inbox.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/listen_socket.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::admin {

class Transport {
 public:
  // `socket` listens already. Throws std::system_error when the kernel has no descriptors left.
  Transport(std::shared_ptr<net::ListenSocket> socket, Handler handler,
            std::shared_ptr<const Settings> settings, std::shared_ptr<Inbox> inbox, Door door = {});
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  void run();

 private:
  void admit(net::Fd client, const net::SocketAddress& peer);
  void on_mail();
  void take_in(Hold& hold);
  void take_in(Answer& answer);
  HttpConnection* find(std::uint64_t id) const;  // null: it is gone
  void stop();

  net::Loop loop_;
  net::Poller poller_;
  net::Wheel wheel_;
  net::Bell bell_;
  Surroundings around_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<HttpConnection>> connections_;
  std::optional<net::Acceptor> acceptor_;
};

}  // namespace sluice::admin
