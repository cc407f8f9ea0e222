#include "proxy/inquiry.h"

#include <chrono>
#include <utility>

namespace sluice {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostProbes = 256;  // at once
constexpr config::Duration kProbeTimeout = 1s;
constexpr std::uint64_t kFlowsMs = 2000;  // bytes within that time are evidence

}  // namespace

Inquiry::Inquiry(net::Poller& poller, net::Wheel& wheel, AskWorkers ask, Answers answers)
    : poller_(poller), wheel_(wheel), ask_(std::move(ask)), answers_(std::move(answers)) {}

void Inquiry::look_into(const std::vector<registry::Doubt>& doubts) {
  if (doubts.empty()) return;
  Lives lives;
  for (const registry::Doubt& doubt : doubts) lives.push_back(doubt.live);
  ask_(lives, kFlowsMs, [this, alive = std::weak_ptr<bool>(alive_), lives](const Busy& busy) {
    if (!alive.expired()) take_answers(lives, busy);
  });
}

void Inquiry::take_answers(const Lives& lives, const Busy& busy) {
  for (const auto& live : lives) {
    if (busy.contains(live.get())) {
      answers_.vouch(*live);
    } else {
      line_.push_back(live);
    }
  }
  probe_next();
}

void Inquiry::probe_next() {
  while (!line_.empty() && probed_.size() < kMostProbes) {
    const auto live = line_.front();
    line_.pop_front();
    Probed& probed = probed_[live.get()];
    probed.live = live;
    probed.probe = std::make_unique<health::TcpProbe>(
        poller_, wheel_, live->identity.address, kProbeTimeout,
        [this, live](const health::Finding& finding) { on_probed(*live, finding); });
  }
}

void Inquiry::on_probed(const registry::Live& live, const health::Finding& finding) {
  const auto keep = std::move(probed_.at(&live).live);
  probed_.erase(&live);  // and with it the probe that calls: nothing of it is used from here on
  if (finding.outcome == health::Outcome::failure) {
    answers_.give_up(*keep, "the probe failed: " + finding.detail);
  } else {
    answers_.vouch(*keep);  // also when it is we who are short of descriptors
  }
  probe_next();
}

}  // namespace sluice
