// A TCP (or unix) check: succeeds when a connection can be made within the timeout.
//
// The connection is closed at once with a plain FIN and nothing is sent on it (but a PROXY header,
// where instances want one), so that the instance sees a client that changed its mind, not a reset.
// Belongs to the loop's thread.
#pragma once

#include <functional>
#include <string>

#include "proxy/health/probe.h"
#include "proxy/net/address.h"
#include "proxy/net/dial.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::health {

class TcpProbe final : public RunningProbe, private net::Pollable, private net::Deadline {
 public:
  // What is sent on a connection, given its descriptor.
  using FirstWords = std::function<std::string(int fd)>;
  // Who takes the connection over, before the probe says that it succeeded.
  using TakeOver = std::function<void(net::Fd connection)>;

  // Starts connecting. `poller` and `wheel` must outlive the probe. Without first words nothing is
  // sent; if nobody takes the connection over, it is closed.
  TcpProbe(net::Poller& poller, net::Wheel& wheel, const config::Endpoint& to,
           config::Duration timeout, Done done, FirstWords first_words = {},
           TakeOver take_over = {});
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
  const FirstWords first_words_;
  const TakeOver take_over_;
  net::Socket socket_;
  net::ConnectResult result_;  // of dial(): not ok, it is over before it began
  int error_;
};

}  // namespace sluice::health
