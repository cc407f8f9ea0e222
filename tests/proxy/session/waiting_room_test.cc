#include "proxy/session/waiting_room.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/proxy/net/run_loop.h"

namespace sluice::session {
namespace {

class Guest final : public WaitingRoom::Guest {
 public:
  explicit Guest(std::function<void()> called) : called_(std::move(called)) {}
  void on_called() override { called_(); }

 private:
  const std::function<void()> called_;
};

// A service of one instance, whose verdict the test sets.
class WaitingRoomTest : public testing::Test {
 protected:
  WaitingRoomTest() {
    config::Endpoint address;
    live_ = std::make_shared<registry::Live>(registry::Identity{"s", "a", 1, address});
    auto upstream = std::make_shared<Upstream>();
    upstream->balancer = balance::make_balancer({}, {{live_, 1, 0}});
    service_.current = std::move(upstream);
  }
  std::unique_ptr<Guest> guest(char name) {
    auto made = std::make_unique<Guest>([this, name] { called_ += name; });
    room_.enter(*made, service_);
    return made;
  }
  bool are_called(const std::string& names) {
    return test::run_until(loop_, [&] { return called_ == names; });
  }
  void let_in(registry::Verdict verdict) { live_->verdict = verdict; }

  net::Loop loop_;
  WaitingRoom room_{loop_};
  std::shared_ptr<registry::Live> live_;
  ServiceState service_{nullptr, balance::Cursor::seeded(0)};
  std::string called_;
};

TEST_F(WaitingRoomTest, CallsInOrderOnceSomebodyIsEligible) {
  const auto a = guest('a'), b = guest('b'), c = guest('c');
  net::Timer later(loop_, [this] { let_in(registry::Verdict::eligible); });
  later.start(20);
  EXPECT_TRUE(are_called("abc"));
}

TEST_F(WaitingRoomTest, ForgetsWhoLeaves) {
  const auto a = guest('a');
  auto b = guest('b');
  const auto c = guest('c');
  room_.leave(*b);
  room_.leave(*b);
  b.reset();
  let_in(registry::Verdict::last_resort);
  EXPECT_TRUE(are_called("ac"));
}

TEST_F(WaitingRoomTest, WhoIsCalledMayComeAgainBehindTheOthers) {
  std::unique_ptr<Guest> again;
  again = std::make_unique<Guest>([&] {
    called_ += 'x';
    if (called_.size() < 4) room_.enter(*again, service_);
  });
  room_.enter(*again, service_);
  const auto a = guest('a');
  let_in(registry::Verdict::eligible);
  EXPECT_TRUE(are_called("xaxx"));
}

TEST_F(WaitingRoomTest, OneMayHaveAnotherLeave) {
  std::unique_ptr<Guest> second;
  Guest first([&] {
    called_ += '1';
    room_.leave(*second);
    second.reset();
  });
  room_.enter(first, service_);
  second = guest('2');
  const auto third = guest('3');
  let_in(registry::Verdict::eligible);
  EXPECT_TRUE(are_called("13"));
}

}  // namespace
}  // namespace sluice::session
