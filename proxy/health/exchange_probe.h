// A check that speaks: connects, carries an Exchange, and leaves with a FIN.
//
// The timeout covers connecting and the whole exchange, and wins over everything that was seen. Of
// the answer no more than the exchange's limit is read. What ends it is told with the beginning of
// what was answered by then. Belongs to the loop's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/health/exchange.h"
#include "proxy/health/probe.h"
#include "proxy/health/tcp_probe.h"
#include "proxy/net/fd.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"

namespace sluice::health {

class ExchangeProbe final : public RunningProbe, private net::Pollable, private net::Deadline {
 public:
  // Starts connecting. `poller`, `wheel` and what `exchange` was made of must outlive the probe.
  // First words go before those of the exchange.
  ExchangeProbe(net::Poller& poller, net::Wheel& wheel, const config::Endpoint& to,
                config::Duration timeout, Exchange exchange, Done done,
                TcpProbe::FirstWords first_words = {});
  ~ExchangeProbe() override;

 private:
  static constexpr std::size_t kBeginning = 128;  // bytes that are kept to be told of

  void on_connected(Finding finding);
  void on_ready() override;
  void on_deadline() override;
  void say_what_is_left();
  void listen();
  bool take(std::string_view piece);  // false: it is over, and so may be the probe
  void fail(const std::string& how);
  void finish(Finding finding);

  net::Poller& poller_;
  net::Wheel& wheel_;
  const config::Duration timeout_;
  const std::uint64_t started_ns_;
  Exchange exchange_;
  Done done_;
  std::unique_ptr<TcpProbe> connecting_;
  net::Fd connection_;  // from being connected to being in the poller's set
  net::Socket socket_;
  std::string to_say_;
  std::size_t answered_ = 0;  // bytes of the exchange's words that were taken over
  std::size_t heard_ = 0;
  bool was_reset_ = false;
  std::string beginning_;
};

}  // namespace sluice::health
