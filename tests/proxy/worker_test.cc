// Connections that one worker leaves for another, at the moments when the two do not run by the
// same plan.
#include "proxy/worker.h"

#include <gtest/gtest.h>

#include <future>

#include "proxy/planner.h"
#include "registry/registry.h"
#include "tests/proxy/no_sources.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/servers.h"

namespace sluice {
namespace {

using metrics::CloseReason;
using test::Backend;
using test::eventually;
using test::Peer;

config::Log quiet_log() {
  config::Log log;
  log.level = config::LogLevel::off;
  return log;
}

struct Progress final : WorkerEvents {
  void on_suspect(std::shared_ptr<registry::Live>, registry::FailureRow) override {}
  void on_trial(registry::Trial, bool) override {}
  void on_progress() override { ++count; }
  std::atomic<int> count{0};
};

// Two workers, of which worker 0 alone accepts: on a unix path there is one queue for all, and
// worker 1 is never told to look there.
class TwoWorkers : public testing::Test {
 protected:
  TwoWorkers() {
    config::Listener& listener = config_.listeners.emplace_back();
    listener.name = "front";
    listener.bind = {door_};
    listener.service = "s";
    listener.accept = config::AcceptMode::least_loaded;
    config::Service& service = config_.services.emplace_back();
    service.name = "s";
    config::Instance& instance = service.instances.emplace_back();
    instance.address = server_.address();
    instance.id = "a";
    service.check.type = config::CheckType::none;
    registry_.reconcile(config_.services, true, {});
    SocketSet sockets = planner_.bind(config_);
    Planner::listen(sockets, config_);
    planner_.adopt(std::move(sockets));
    plan_ = planner_.plan(config_, *registry_.snapshot());
    for (std::uint32_t i = 0; i < 2; ++i) {
      workers_.push_back(
          std::make_unique<Worker>(i, log_.open_channel(), limit_, crew_, progress_));
    }
    for (const auto& worker : workers_) worker->start();
    workers_[0]->publish(plan_);
  }
  ~TwoWorkers() override { stop(); }

  void stop() {
    for (const auto& worker : workers_) worker->stop();
    workers_.clear();
  }

  // One that worker 0 keeps, and one that it leaves for worker 1.
  void connect_both() {
    kept_ = Peer::connect(door_);
    EXPECT_TRUE(eventually([&] { return workers_[0]->connections() == 1; }));
    left_ = Peer::connect(door_);
    EXPECT_TRUE(eventually([&] { return workers_[1]->connections() == 1; }));
    EXPECT_EQ(workers_[0]->connections(), 1u);
  }

  static bool echoes(std::optional<Peer>& peer) {
    return peer->try_send("hello") && peer->receive(5) == "hello";
  }

  // Until its end the worker does nothing.
  class Hold {
   public:
    explicit Hold(Worker& worker) {
      std::promise<void> begun;
      worker.ask([&begun, over = over_.get_future().share()](Worker&) {
        begun.set_value();
        over.wait();
      });
      begun.get_future().wait();
    }
    void end() { over_.set_value(); }

   private:
    std::promise<void> over_;
  };

  const session::Route& route() const { return *plan_->listeners.at(0).route; }
  std::uint64_t accepted(std::size_t worker) {
    return route().listener_cells->of(worker).accepted.read();
  }
  std::uint64_t closed(std::size_t worker, CloseReason reason) {
    return route().cells->of(worker).closed[static_cast<std::size_t>(reason)].read();
  }
  void drain(Worker& worker, std::uint64_t lasts_ms) {
    Plan plan;
    plan.version = 2;
    plan.upstreams = plan_->upstreams;
    plan.drain = DrainPlan{net::monotonic_ms(), lasts_ms, false};
    worker.publish(std::make_shared<const Plan>(std::move(plan)));
  }

  test::TempDir files_;
  const std::string door_ = "unix:" + files_.path("door");
  Backend server_{test::echo()};
  config::Config config_;
  log::Log log_{quiet_log()};
  metrics::Metrics metrics_{2, no_sources()};
  Planner planner_{2, metrics_};
  registry::Registry registry_{"test"};
  session::ProcessLimit limit_;
  session::Crew crew_{2};
  Progress progress_;
  std::shared_ptr<const Plan> plan_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Peer> kept_, left_;
};

TEST_F(TwoWorkers, WhatIsLeftForAnotherIsCountedThere) {
  Plan same = *plan_;
  same.listeners[0].sockets.clear();
  workers_[1]->publish(std::make_shared<const Plan>(std::move(same)));
  ASSERT_TRUE(eventually([&] { return workers_[1]->plan_version() == plan_->version; }));
  connect_both();
  EXPECT_TRUE(echoes(kept_));
  EXPECT_TRUE(echoes(left_));
  EXPECT_EQ(accepted(0), 1u);
  EXPECT_EQ(accepted(1), 1u);
  left_->close();
  EXPECT_TRUE(eventually([&] { return workers_[1]->connections() == 0; }));
  EXPECT_EQ(closed(1, CloseReason::client_closed), 1u);
  EXPECT_EQ(closed(0, CloseReason::client_closed), 0u);
}

TEST_F(TwoWorkers, ItCountsForTheOtherBeforeItIsTaken) {
  Hold hold(*workers_[1]);
  connect_both();
  EXPECT_EQ(accepted(1), 0u);
  EXPECT_EQ(limit_.connections.load(), 2u);
  EXPECT_EQ(route().listener_cells->places.load(), 2u);
  hold.end();
  EXPECT_TRUE(echoes(left_));
}

TEST_F(TwoWorkers, OneThatHasNoPlanYetGoesByTheRouteOfTheOther) {
  connect_both();
  EXPECT_TRUE(echoes(left_));
  EXPECT_EQ(accepted(1), 1u);
}

TEST_F(TwoWorkers, OneThatDrainsTakesItAndEndsItWithTheRest) {
  Hold hold(*workers_[1]);
  connect_both();
  drain(*workers_[1], 60'000);
  hold.end();
  EXPECT_TRUE(echoes(left_));

  drain(*workers_[1], 0);
  EXPECT_EQ(left_->wait_for_end(), test::End::fin);
  EXPECT_TRUE(eventually([&] { return workers_[1]->connections() == 0; }));
  EXPECT_EQ(closed(1, CloseReason::shutdown), 1u);
  EXPECT_TRUE(echoes(kept_));
}

TEST_F(TwoWorkers, ItIsClosedIfItsListenersTimeIsOver) {
  Hold hold(*workers_[1]);
  connect_both();
  drain(*workers_[1], 60'000);
  route().life->over = true;
  const int before = progress_.count;
  hold.end();

  EXPECT_EQ(left_->wait_for_end(), test::End::fin);
  EXPECT_TRUE(eventually([&] { return workers_[1]->connections() == 0; }));
  EXPECT_EQ(accepted(1), 1u);
  EXPECT_EQ(closed(1, CloseReason::drain), 1u);
  EXPECT_EQ(limit_.connections.load(), 1u);
  EXPECT_TRUE(eventually([&] { return progress_.count > before + 1; }))
      << "of the plan, and of the end";
}

TEST_F(TwoWorkers, OneThatHasStoppedStillGivesAReason) {
  workers_[1]->stop();
  connect_both();
  stop();
  EXPECT_EQ(left_->wait_for_end(), test::End::fin);
  for (const std::size_t worker : {0u, 1u}) {
    EXPECT_EQ(accepted(worker), 1u);
    EXPECT_EQ(closed(worker, CloseReason::shutdown), 1u);
  }
  EXPECT_EQ(limit_.connections.load(), 0u);
  EXPECT_EQ(route().listener_cells->places.load(), 0u);
}

}  // namespace
}  // namespace sluice
