#include "proxy/cli/port_watch.h"

#include <algorithm>
#include <utility>

#include "proxy/health/tcp_probe.h"

namespace sluice::cli {
namespace {

constexpr config::Duration kFloor{10};
constexpr config::Duration kConnectTimeout{1'000};

}  // namespace

PortWatch::PortWatch(net::Loop& loop, net::Poller& poller, net::Wheel& wheel,
                     const config::Endpoint& port, config::Duration every,
                     std::function<void()> listening)
    : poller_(poller),
      wheel_(wheel),
      port_(port),
      every_(std::max(every, kFloor)),
      listening_(std::move(listening)),
      next_look_(loop, [this] { look(); }) {
  look();
}

void PortWatch::look() {
  probe_ = std::make_unique<health::TcpProbe>(
      poller_, wheel_, port_, kConnectTimeout,
      [this](const health::Finding& finding) { on_seen(finding.outcome); });
}

void PortWatch::on_seen(health::Outcome outcome) {
  if (outcome == health::Outcome::success) return std::exchange(listening_, {})();
  next_look_.start(static_cast<std::uint64_t>(every_.count()));
}

}  // namespace sluice::cli
