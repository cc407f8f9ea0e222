// An HTTP check of an instance that wants to be told first whose connection it is: connects, sends
// the PROXY header, and makes the request on that connection. Both share the check's timeout.
// Belongs to the loop's thread.
#pragma once

#include <memory>

#include "proxy/health/http_probe.h"
#include "proxy/health/tcp_probe.h"
#include "proxy/net/fd.h"

namespace sluice::health {

class IntroducedProbe final : public RunningProbe {
 public:
  // As for the two of which it is made. `first_words` must not be empty.
  IntroducedProbe(net::Poller& poller, net::Wheel& wheel, Transfers& transfers,
                  const config::Endpoint& to, const config::Check& check,
                  TcpProbe::FirstWords first_words, Done done);

 private:
  void on_connected(Finding finding);

  Transfers& transfers_;
  const config::Endpoint to_;
  config::Check check_;  // its timeout is what is left of it
  Done done_;
  net::Fd connection_;  // from being connected to being asked
  std::unique_ptr<TcpProbe> connecting_;
  std::unique_ptr<HttpProbe> asking_;
};

}  // namespace sluice::health
