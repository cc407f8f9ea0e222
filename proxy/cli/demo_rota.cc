#include "proxy/cli/demo_rota.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/cli/instance_orders.h"
#include "proxy/client/fields.h"

namespace sluice::cli {
namespace {

using client::text_at;
using namespace std::chrono_literals;

constexpr auto kTurn = 1s;  // from report to report
constexpr auto kLook = 50ms;
constexpr auto kUpWithin = 3s;
constexpr auto kAnswerWithin = 2s;
constexpr const char* kTtl = "5s";

// One backend's turn at leaving, in turns of the rota: present, draining, away, present again.
constexpr std::size_t kDrainsAt = 4;
constexpr std::size_t kLeavesAt = 6;
constexpr std::size_t kReturnsAt = 8;

client::Answer ask(client::AdminClient& client, client::AdminRequest request) {
  request.within = kAnswerWithin;
  return client.ask(request);
}

client::Announcement announcement_of(const std::string& service,
                                     const DemoBackends::Address& backend) {
  client::Announcement said;
  said.service = service;
  said.id = backend.name;
  said.address = "127.0.0.1:" + std::to_string(backend.port);
  said.ttl = kTtl;
  return said;
}

client::AdminAddress address_at(const std::string& admin) {
  std::string why;
  return client::AdminAddress::parse(admin, why).value_or(client::AdminAddress());
}

}  // namespace

DemoRota::DemoRota(std::vector<std::string> services) : services_(std::move(services)) {}

DemoRota::~DemoRota() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DemoRota::begin(const std::string& admin, const std::vector<DemoBackends::Address>& backends,
                     std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    for (const DemoBackends::Address& backend : backends) members_.push_back({backend});
  }
  thread_ = std::thread(
      [this, admin, done = std::move(done)] { run(client::AdminClient(address_at(admin)), done); });
}

void DemoRota::set_running(const std::string& name, bool running) {
  const std::lock_guard lock(mutex_);
  if (running) {
    stopped_.erase(name);
  } else {
    stopped_.insert(name);
  }
}

void DemoRota::run(client::AdminClient client, const std::function<void()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + kUpWithin;
  bool is_over = false;
  while (!is_over && !report_all(client) && std::chrono::steady_clock::now() < give_up) {
    std::unique_lock lock(mutex_);
    is_over = woken_.wait_for(lock, kLook, [this] { return is_over_; });
  }
  done();
  while (pause()) {
    take_turn();
    leave_all(client);
    report_all(client);
  }
}

bool DemoRota::pause() {
  std::unique_lock lock(mutex_);
  return !woken_.wait_for(lock, kTurn, [this] { return is_over_; });
}

void DemoRota::take_turn() {
  const std::lock_guard lock(mutex_);
  Member& next = members_[turn_ / kReturnsAt % members_.size()];
  const std::size_t step = ++turn_ % kReturnsAt;
  if (step == 0) next.presence = Presence::present;
  if (step == kDrainsAt) next.presence = Presence::draining;
  if (step == kLeavesAt) next.presence = Presence::away;
}

std::vector<DemoRota::Member> DemoRota::running_members() const {
  const std::lock_guard lock(mutex_);
  std::vector<Member> running = members_;
  std::erase_if(running,
                [this](const Member& each) { return stopped_.contains(each.backend.name); });
  return running;
}

// True if all that are present are up.
bool DemoRota::report_all(client::AdminClient& client) {
  bool all_up = true;
  for (const Member& member : running_members()) {
    if (member.presence == Presence::away) continue;
    for (const std::string& service : services_) all_up &= report(client, service, member);
  }
  return all_up;
}

// True if it is up. One that the registry does not know registers.
bool DemoRota::report(client::AdminClient& client, const std::string& service,
                      const Member& member) {
  client::Report report;
  report.service = service;
  report.id = member.backend.name;
  client::Answer answer = ask(client, client::heartbeat_of(report));
  if (answer.status == 404) {
    answer =
        ask(client, client::registration_of(announcement_of(service, member.backend), true, false));
  }
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  return text_at(body, "state") == "up";
}

void DemoRota::leave_all(client::AdminClient& client) {
  for (const Member& member : running_members()) {
    for (const std::string& service : services_) {
      if (member.presence == Presence::draining) {
        ask(client, state_order(service, member.backend.name, "drain", "its turn").request);
      } else if (member.presence == Presence::away) {
        ask(client, client::departure_of({service, member.backend.name, 1s, false, {}}));
      }
    }
  }
}

}  // namespace sluice::cli
