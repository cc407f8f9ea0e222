// A TCP (or unix) check: succeeds when a connection can be made within the timeout.
//
// The connection is closed at once with a plain FIN and nothing is sent on it, so that the instance
// sees a client that changed its mind, not a reset. Belongs to the loop's thread.
#pragma once

#include "proxy/health/probe.h"
#include "proxy/net/address.h"
#include "proxy/net/dial.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::health {

class TcpProbe final : public RunningProbe, private net::Pollable, private net::Deadline {
 public:
  // Starts connecting. `poller` and `wheel` must outlive the probe.
  TcpProbe(net::Poller& poller, net::Wheel& wheel, const config::Endpoint& to,
           config::Duration timeout, Done done);
  ~TcpProbe() override;

 private:
  void on_ready() override;
  void on_deadline() override;
  void finish(Finding finding);

  net::Poller& poller_;
  const net::SocketAddress to_;
  const config::Duration timeout_;
  const std::uint64_t started_ns_;
  Done done_;
  net::Socket socket_;
  net::ConnectResult result_;  // of dial(): not ok, it is over before it began
  int error_;
};

}  // namespace sluice::health
