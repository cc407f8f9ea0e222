#include "proxy/health/introduced_probe.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::health {

IntroducedProbe::IntroducedProbe(net::Poller& poller, net::Wheel& wheel, Transfers& transfers,
                                 const config::Endpoint& to, const config::Check& check,
                                 TcpProbe::FirstWords first_words, Done done)
    : transfers_(transfers), to_(to), check_(check), done_(std::move(done)) {
  connecting_ = std::make_unique<TcpProbe>(
      poller, wheel, to, check.timeout,
      [this](Finding finding) { on_connected(std::move(finding)); }, std::move(first_words),
      [this](net::Fd connection) { connection_ = std::move(connection); });
}

void IntroducedProbe::on_connected(Finding finding) {
  if (finding.outcome != Outcome::success) return std::exchange(done_, {})(std::move(finding));
  const auto took = std::chrono::milliseconds(finding.duration_us / 1000);
  check_.timeout = std::max(config::Duration(1), check_.timeout - took);
  connecting_.reset();
  asking_ = std::make_unique<HttpProbe>(
      transfers_, to_, check_,
      [this, before_us = finding.duration_us](Finding found) {
        found.duration_us += before_us;
        std::exchange(done_, {})(std::move(found));
      },
      std::move(connection_));
}

}  // namespace sluice::health
