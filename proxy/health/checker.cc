#include "proxy/health/checker.h"

#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "proxy/health/exchange.h"
#include "proxy/health/exchange_probe.h"
#include "proxy/health/http_probe.h"
#include "proxy/health/introduced_probe.h"
#include "proxy/health/rhythm.h"
#include "proxy/health/tcp_probe.h"
#include "proxy/net/proxy_header.h"

namespace sluice::health {

namespace {

// How instances are probed: all of a service, or one with settings of its own.
struct Probing {
  config::Check check;             // may be of type none
  config::ProxySend introduction;  // what they are sent first
  // Of one with settings of its own, what they are and lie over; null otherwise.
  std::shared_ptr<const Probing> service;
  config::Frozen<config::OwnCheck> own;
  bool has_lease = false;
};
using ProbingPtr = std::shared_ptr<const Probing>;
using LivePtr = std::shared_ptr<registry::Live>;

bool is_same_probe(const Probing& a, const Probing& b) {
  return a.check == b.check && a.introduction == b.introduction;
}

bool has_lease(const registry::Instance& instance) {
  return instance.ttl_ms != 0;
}

bool is_made_of(const Probing& probing, const ProbingPtr& service,
                const registry::Instance& instance) {
  return probing.service == service && probing.own == instance.own_check &&
         probing.has_lease == has_lease(instance);
}

ProbingPtr make_probing(const ProbingPtr& service, const registry::Instance& instance) {
  return std::make_shared<const Probing>(
      Probing{instance.own_check->over(service->check, has_lease(instance)), service->introduction,
              service, instance.own_check, has_lease(instance)});
}

config::Endpoint probed_address(const registry::Live& instance, const config::Check& check) {
  config::Endpoint address = instance.identity.address;
  const bool has_port = address.family != config::Endpoint::Family::unix_path;
  if (has_port && check.port != 0) address.port = check.port;
  return address;
}

// A check is nobody's connection but ours: LOCAL, and in version 1, which does not know that, our
// own address.
TcpProbe::FirstWords first_words_of(config::ProxySend version, const config::Endpoint& to) {
  if (version == config::ProxySend::off) return {};
  if (version == config::ProxySend::v2) return [](int) { return net::proxy_header_v2({}, false); };
  return [to](int fd) {
    net::SocketAddress own;
    ::getsockname(fd, own.get(), own.size_for_kernel());
    return net::proxy_header_v1(net::ProxyHeader::Ends{own.endpoint(), to});
  };
}

}  // namespace

struct Checker::State {
  // One instance under check. It is always in one of three places: waiting for its time (then its
  // deadline is set), in line, or being probed.
  class Target final : public net::Deadline {
   public:
    Target(State& checker, LivePtr live, ProbingPtr probing, std::uint64_t number)
        : instance(std::move(live)), by(std::move(probing)), nth(number), checker_(checker) {}
    ~Target();

    void join_line() { place_ = checker_.line.insert(checker_.line.end(), this); }
    void start();  // requires: it stands in line
    void wait_until(std::uint64_t due_ms);
    void bring_forward(std::uint64_t due_ms);  // if it waits, and for later

    const LivePtr instance;
    const ProbingPtr by;
    const std::uint64_t nth;       // newcomer
    std::uint64_t seen_by = 0;     // the last sync() that found it
    std::uint64_t started_ms = 0;  // its latest probe
    bool had_first = false;
    History history;

   private:
    void on_deadline() override;

    State& checker_;
    std::uint64_t due_ms_ = 0;
    std::optional<std::list<Target*>::iterator> place_;  // while it stands in line
    std::unique_ptr<RunningProbe> probe_;
  };

  // Lets those in line go on at the next tick.
  class NextTick final : public net::Deadline {
   public:
    explicit NextTick(State& checker) : checker_(checker) {}

   private:
    void on_deadline() override { checker_.start_who_may(); }
    State& checker_;
  };

  State(net::Loop& loop, net::Poller& its_poller, net::Wheel& its_wheel, Report told)
      : poller(its_poller), wheel(its_wheel), report(std::move(told)), transfers(loop) {}

  void take_over(const std::vector<config::Service>& configured);
  void keep_or_add(const registry::Instance& instance, const ProbingPtr& service);
  ProbingPtr probing_of(const registry::Instance& instance, const ProbingPtr& service) const;
  void start_who_may();
  bool has_room_in_tick();
  std::unique_ptr<RunningProbe> probe(const Target& target, Done done);
  void on_done(Target& target, Finding finding);
  Target* find(const registry::Live& instance) const;
  double dice() { return std::uniform_real_distribution<double>{}(random); }

  net::Poller& poller;
  net::Wheel& wheel;
  const Report report;
  Transfers transfers;
  std::minstd_rand random{std::random_device{}()};

  std::map<std::string, ProbingPtr, std::less<>> services;  // by name, as of the last sync()
  std::uint64_t syncs = 0;
  std::uint64_t newcomers = 0;

  std::list<Target*> line;
  NextTick next_tick{*this};
  std::uint64_t tick = 0;
  std::size_t started_in_tick = 0;
  std::size_t in_flight = 0;

  // By its Live, which it holds, so that no other can have the same address. Last: goes first.
  std::unordered_map<const registry::Live*, std::unique_ptr<Target>> targets;
};

Checker::State::Target::~Target() {
  if (place_) checker_.line.erase(*place_);
  if (probe_) --checker_.in_flight;
}

void Checker::State::Target::on_deadline() {
  join_line();
  checker_.start_who_may();
}

void Checker::State::Target::start() {
  checker_.line.erase(*std::exchange(place_, std::nullopt));
  started_ms = net::monotonic_ms();
  ++checker_.in_flight;
  probe_ = checker_.probe(*this, [this](Finding finding) {
    probe_.reset();
    --checker_.in_flight;
    checker_.on_done(*this, std::move(finding));
  });
}

void Checker::State::Target::wait_until(std::uint64_t due_ms) {
  due_ms_ = std::max(due_ms, net::monotonic_ms() + kRestMs);
  checker_.wheel.set(*this, due_ms_);
}

void Checker::State::Target::bring_forward(std::uint64_t due_ms) {
  if (is_set() && due_ms < due_ms_) wait_until(due_ms);
}

void Checker::State::take_over(const std::vector<config::Service>& configured) {
  std::map<std::string, ProbingPtr, std::less<>> taken;
  for (const config::Service& service : configured) {
    auto probing = std::make_shared<const Probing>(
        Probing{service.check, service.proxy_protocol.send, {}, {}, false});
    const auto known = services.find(service.name);
    const bool is_same = known != services.end() && is_same_probe(*known->second, *probing);
    taken.emplace(service.name, is_same ? known->second : std::move(probing));
  }
  services = std::move(taken);
}

// The one that it has, if it comes to the same.
ProbingPtr Checker::State::probing_of(const registry::Instance& instance,
                                      const ProbingPtr& service) const {
  if (instance.own_check.empty()) return service;
  const Target* const target = find(*instance.live);
  if (target != nullptr && is_made_of(*target->by, service, instance)) return target->by;
  ProbingPtr made = make_probing(service, instance);
  return target != nullptr && is_same_probe(*target->by, *made) ? target->by : made;
}

void Checker::State::keep_or_add(const registry::Instance& instance, const ProbingPtr& service) {
  const ProbingPtr by = probing_of(instance, service);
  if (by->check.type == config::CheckType::none) {
    targets.erase(instance.live.get());
    return;
  }
  std::unique_ptr<Target>& target = targets[instance.live.get()];
  if (target == nullptr || target->by != by) {
    History history = target == nullptr ? History() : std::move(target->history);
    target = std::make_unique<Target>(*this, instance.live, by, newcomers++);
    target->history = std::move(history);
    target->join_line();
  }
  target->seen_by = syncs;
}

bool Checker::State::has_room_in_tick() {
  const std::uint64_t now = net::monotonic_ms() / net::Wheel::kTickMs;
  if (std::exchange(tick, now) != now) started_in_tick = 0;
  return started_in_tick < kMaxStartsPerTick;
}

void Checker::State::start_who_may() {
  while (!line.empty() && in_flight < kMaxInFlight) {
    if (!has_room_in_tick()) return wheel.set(next_tick, (tick + 1) * net::Wheel::kTickMs);
    ++started_in_tick;
    line.front()->start();
  }
}

std::unique_ptr<RunningProbe> Checker::State::probe(const Target& target, Done done) {
  const config::Check& check = target.by->check;
  const config::Endpoint address = probed_address(*target.instance, check);
  TcpProbe::FirstWords first_words = first_words_of(target.by->introduction, address);
  if (check.type == config::CheckType::tcp) {
    return std::make_unique<TcpProbe>(poller, wheel, address, check.timeout, std::move(done),
                                      std::move(first_words));
  }
  if (has_exchange(check.type)) {
    return std::make_unique<ExchangeProbe>(poller, wheel, address, check.timeout,
                                           make_exchange(check), std::move(done),
                                           std::move(first_words));
  }
  if (!first_words) return std::make_unique<HttpProbe>(transfers, address, check, std::move(done));
  return std::make_unique<IntroducedProbe>(poller, wheel, transfers, address, check,
                                           std::move(first_words), std::move(done));
}

void Checker::State::on_done(Target& target, Finding finding) {
  const std::uint64_t fast_due_ms = target.started_ms + gap_ms(target.by->check, true, dice());
  if (finding.outcome == Outcome::own_shortage) {
    target.wait_until(fast_due_ms);
    return start_who_may();
  }
  std::uint64_t gap = gap_ms(target.by->check, false, dice());
  if (!std::exchange(target.had_first, true)) gap = share(gap, phase(target.nth));
  target.wait_until(target.started_ms + gap);

  const LivePtr instance = target.instance;
  const bool success = finding.outcome == Outcome::success;
  target.history.add(net::monotonic_ms(), finding.duration_us, success ? "" : finding.detail);
  const bool is_changing =
      report({instance, {success, std::move(finding.detail)}, finding.duration_us});
  // The report may have led to a sync() that took the target away; one put in its place is in line.
  if (Target* still = find(*instance); still != nullptr && is_changing) {
    still->bring_forward(fast_due_ms);
  }
  start_who_may();
}

Checker::State::Target* Checker::State::find(const registry::Live& instance) const {
  const auto found = targets.find(&instance);
  return found == targets.end() ? nullptr : found->second.get();
}

Checker::Checker(net::Loop& loop, net::Poller& poller, net::Wheel& wheel, Report report)
    : state_(std::make_unique<State>(loop, poller, wheel, std::move(report))) {}

Checker::~Checker() = default;

void Checker::sync(const registry::Snapshot& snapshot,
                   const std::vector<config::Service>& services) {
  state_->take_over(services);
  ++state_->syncs;
  for (const auto& service : snapshot.services) {
    const auto known = state_->services.find(service->name);
    if (known == state_->services.end()) continue;
    for (const auto& instance : service->instances) {
      state_->keep_or_add(*instance, known->second);
    }
  }
  std::erase_if(state_->targets,
                [this](const auto& entry) { return entry.second->seen_by != state_->syncs; });
  if (!state_->line.empty()) state_->wheel.set(state_->next_tick, net::monotonic_ms());
}

void Checker::add(const registry::Instance& instance) {
  const auto known = state_->services.find(*instance.live->identity.service);
  if (known == state_->services.end()) return;
  state_->keep_or_add(instance, known->second);
  if (!state_->line.empty()) state_->wheel.set(state_->next_tick, net::monotonic_ms());
}

void Checker::remove(const registry::Live& instance) {
  state_->targets.erase(&instance);
}

void Checker::probe_soon(const registry::Live& instance) {
  State::Target* target = state_->find(instance);
  if (target != nullptr) target->bring_forward(target->started_ms + kSoonMs);
}

std::vector<CheckResult> Checker::history(const registry::Live& instance) const {
  const State::Target* const target = state_->find(instance);
  return target == nullptr ? std::vector<CheckResult>() : target->history.results();
}

std::size_t Checker::scheduled() const {
  return state_->targets.size();
}

std::size_t Checker::in_flight() const {
  return state_->in_flight;
}

}  // namespace sluice::health
