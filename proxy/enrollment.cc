#include "proxy/enrollment.h"

#include <atomic>
#include <utility>

#include "proxy/own_addresses.h"

namespace sluice {

namespace {

constexpr std::uint64_t kLeavingLookMs = 10;

using registry::Fault;

}  // namespace

class Enrollment::Pending {
 public:
  Pending(registry::Receipt receipt, admin::Answered done) : done_(std::move(done)) {
    answer_.receipt = std::move(receipt);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  const registry::Receipt& receipt() const { return answer_.receipt; }

  // One more thing to wait for; each is told of with one come_true().
  void await() { awaited_.fetch_add(1, std::memory_order_relaxed); }
  void come_true() {
    if (awaited_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_(answer_);
  }
  // Before what is awaited has come true.
  void set_not_kept(const std::string& why) { answer_.not_kept = why; }
  void set_left(std::uint32_t connections) { answer_.connections = connections; }

 private:
  admin::WriteAnswer answer_;  // each part has one writer; the last to come true reads all
  const admin::Answered done_;
  std::atomic<int> awaited_{1};  // what the constructor's caller does first
};

Enrollment::Enrollment(Surroundings around)
    : around_(std::move(around)), leaving_timer_(around_.loop, [this] { look_for_left(); }) {}

void Enrollment::reconfigure(const config::Config& config) {
  std::string why;
  policy_ = {};
  policy_.allowed = config::cidrs_of(config.registry.allow);
  policy_.admin = config::Endpoint::parse(config.admin.bind, why);
  for (const config::Listener& listener : config.listeners) {
    for (const std::string& bind : listener.bind) {
      if (const auto at = config::Endpoint::parse(bind, why)) policy_.listeners.push_back(*at);
    }
  }
  policy_.own_addresses = own_addresses();
}

bool Enrollment::is_refused(const registry::Registration& said, admin::WriteAnswer& answer) const {
  const auto refuse = [&answer](Fault fault, std::string why) {
    answer.receipt.fault = fault;
    answer.receipt.message = std::move(why);
    return true;
  };
  if (const auto why = policy_.judge(said.address)) {
    return refuse(Fault::address_refused, "address: " + *why);
  }
  if (const auto why = why_not_probed(said)) return refuse(Fault::check_refused, *why);
  const auto held = around_.registry.held(said);
  if (!held) return false;
  if (const auto why = bounds_.judge_one_more(*held)) return refuse(Fault::full, *why);
  return false;
}

// What may not be connected to may not be probed either.
std::optional<std::string> Enrollment::why_not_probed(const registry::Registration& said) const {
  config::Endpoint probed = said.address;
  probed.port = said.check->over({}, true).port;
  if (probed.port == 0) return std::nullopt;
  const auto why = policy_.judge(probed);
  return why ? std::optional("check.port: " + *why) : std::nullopt;
}

void Enrollment::enroll(const registry::Registration& said, const admin::EnrollWish& wish,
                        admin::Answered done) {
  admin::WriteAnswer refused;
  if (is_refused(said, refused)) return done(refused);
  const auto pending = std::make_shared<Pending>(
      around_.registry.enroll(said, wish.creates, around_.now()), std::move(done));
  keep(pending);
  if (wish.wait_applied && pending->receipt().fault == Fault::none) {
    pending->await();
    around_.when_applied(pending->receipt().index, [pending] { pending->come_true(); });
  }
  show(pending);
}

void Enrollment::beat(const std::string& service, const std::string& id, const registry::Beat& beat,
                      admin::Answered done) {
  const auto pending = std::make_shared<Pending>(
      around_.registry.beat(service, id, beat, around_.now()), std::move(done));
  keep(pending);
  show(pending);
}

void Enrollment::leave(const std::string& service, const std::string& id,
                       const admin::LeaveWish& wish, admin::Answered done) {
  const auto pending = std::make_shared<Pending>(
      around_.registry.leave(service, id, wish.incarnation, wish.drain, around_.now()),
      std::move(done));
  keep(pending);
  if (pending->receipt().fault == Fault::none) {
    const auto& live = pending->receipt().instance->live;
    pending->set_left(live->active.load(std::memory_order_relaxed));
    if (wish.wait) await_drain(live, wish.drain.value_or(around_.drain_of(service)), pending);
  }
  show(pending);
}

void Enrollment::await_drain(const std::shared_ptr<registry::Live>& live, config::Duration drain,
                             const std::shared_ptr<Pending>& pending) {
  pending->await();
  const auto until_ms = around_.loop.now_ms() + static_cast<std::uint64_t>(drain.count());
  leaving_.push_back({live, until_ms, pending});
  if (!leaving_timer_.is_running()) leaving_timer_.repeat(kLeavingLookMs);
}

void Enrollment::set_admin(const std::string& service, const std::string& id,
                           const registry::AdminWish& wish, admin::Answered done) {
  registry::Receipt receipt =
      around_.registry.say(service, id, wish.admin, wish.reason, around_.now());
  const auto pending = std::make_shared<Pending>(std::move(receipt), std::move(done));
  keep(pending);
  show(pending);
}

void Enrollment::keep(const std::shared_ptr<Pending>& pending) {
  const auto memos = around_.registry.take_memos();
  if (memos.empty()) return;
  pending->await();
  around_.keeper.keep(memos, [pending](const std::string& why) {
    if (!why.empty()) pending->set_not_kept(why);
    pending->come_true();
  });
}

// Whoever is answered finds in the next read what he was told.
void Enrollment::show(std::shared_ptr<Pending> pending) {
  not_shown_.push_back(std::move(pending));
}

void Enrollment::on_shown() {
  for (const auto& pending : std::exchange(not_shown_, {})) pending->come_true();
}

void Enrollment::look_for_left() {
  const std::uint64_t now_ms = around_.loop.now_ms();
  std::erase_if(leaving_, [now_ms](const Leaving& leaving) {
    const bool all_gone = leaving.live->load.load(std::memory_order_relaxed) == 0;
    const bool is_over = now_ms >= leaving.until_ms;
    // Once it is over they are being closed: what counts is how many there were until then.
    if (!is_over) leaving.pending->set_left(leaving.live->active.load(std::memory_order_relaxed));
    if (all_gone || is_over) leaving.pending->come_true();
    return all_gone || is_over;
  });
  if (leaving_.empty()) leaving_timer_.stop();
}

}  // namespace sluice
