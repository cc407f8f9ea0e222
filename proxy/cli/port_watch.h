// Waits until somebody listens on a port, by connecting to it again and again.
//
// Belongs to the loop's thread; destroying it ends the wait.
#pragma once

#include <functional>
#include <memory>

#include "config/config.h"
#include "config/endpoint.h"
#include "proxy/health/probe.h"
#include "proxy/net/loop.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::cli {

class PortWatch {
 public:
  // `listening` is told once, in a later turn; may destroy this. From a look that failed to the
  // next it is `every`, 10 ms at least.
  PortWatch(net::Loop& loop, net::Poller& poller, net::Wheel& wheel, const config::Endpoint& port,
            config::Duration every, std::function<void()> listening);
  PortWatch(const PortWatch&) = delete;
  PortWatch& operator=(const PortWatch&) = delete;

 private:
  void look();
  void on_seen(health::Outcome outcome);

  net::Poller& poller_;
  net::Wheel& wheel_;
  const config::Endpoint port_;
  const config::Duration every_;
  std::function<void()> listening_;
  net::Timer next_look_;
  std::unique_ptr<health::RunningProbe> probe_;
};

}  // namespace sluice::cli
