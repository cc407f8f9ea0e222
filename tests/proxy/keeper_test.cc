#include "proxy/keeper.h"

#include <gtest/gtest.h>

#include "proxy/net/latest.h"
#include "registry/store/memory.h"
#include "tests/proxy/net/run_loop.h"
#include "tests/registry/sample.h"

namespace sluice {
namespace {

using registry::Entry;
using registry::sample::at;

// A disk that is full for a while: everything fails meanwhile, and says so.
class FullDisk final : public registry::Store {
 public:
  explicit FullDisk(std::shared_ptr<registry::MemorySpace> space, const bool& is_full)
      : below_(std::move(space)), is_full_(is_full) {}
  std::vector<Entry> load() override { return below_.load(); }
  void write(registry::Transaction transaction, registry::Done done) override {
    if (!is_full_) return below_.write(std::move(transaction), std::move(done));
    done({registry::Outcome::Kind::failed, 0, "the disk is full"});
  }
  void renew(const registry::Key& key) override { below_.renew(key); }
  void listen(registry::Listener listener) override { below_.listen(std::move(listener)); }
  registry::StoreHealth health() const override { return below_.health(); }

 private:
  registry::MemoryStore below_;
  const bool& is_full_;
};

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() { reconcile(registry_); }
  static void reconcile(registry::Registry& registry) {
    registry.reconcile({registry::sample::unchecked(registry::sample::service("web", {}))}, true,
                       at(0));
  }
  static registry::Registration said(const std::string& id, const std::string& address) {
    std::string why;
    registry::Registration registration;
    registration.service = "web";
    registration.id = id;
    registration.address = *config::Endpoint::parse(address, why);
    return registration;
  }
  static config::Log quiet() {
    config::Log log;
    log.level = config::LogLevel::off;
    return log;
  }
  std::unique_ptr<Keeper> keeper(registry::Registry& registry) {
    return std::make_unique<Keeper>(
        std::make_unique<FullDisk>(space_, is_full_), registry, *channel_, loop_,
        [this](std::function<void()> action) {
          mail_.post(std::move(action));
          bell_.ring();
        },
        [this](const std::string& kind, const std::string& text) {
          noted_.push_back(kind + ": " + text);
        });
  }
  // "" when it is durable.
  std::string keep() {
    std::string answer = "no answer";
    keeper_->keep(registry_.take_memos(), [&](const std::string& why) { answer = why; });
    EXPECT_TRUE(test::run_until(loop_, [&] { return answer != "no answer"; }));
    return answer;
  }
  // What another life of the registry begins with: "id at address".
  std::vector<std::string> remembered() {
    registry::Registry next("e2");
    reconcile(next);
    keeper(next)->restore(at(1000));
    last_incarnation_ = next.last_incarnation();
    std::vector<std::string> lines;
    for (const auto& each : next.snapshot()->find("web")->instances) {
      lines.push_back(*each->id + " at " + each->address.text() + " " +
                      std::to_string(each->incarnation) + " " +
                      std::string(word(each->inputs.admin)));
    }
    return lines;
  }

  net::Loop loop_;
  net::Mailbox<std::function<void()>> mail_;
  net::Bell bell_{loop_, [this] {
                    for (const auto& action : mail_.take_all()) action();
                  }};
  log::Log log_{quiet()};
  std::unique_ptr<log::Channel> channel_ = log_.open_channel();
  std::shared_ptr<registry::MemorySpace> space_ = std::make_shared<registry::MemorySpace>();
  bool is_full_ = false;
  std::uint64_t last_incarnation_ = 0;
  std::vector<std::string> noted_;
  registry::Registry registry_{"e1"};
  std::unique_ptr<Keeper> keeper_ = keeper(registry_);
};

using Lines = std::vector<std::string>;

TEST_F(KeeperTest, RemembersWhoIsThereAndForgetsWhoLeft) {
  registry_.enroll(said("a", "10.0.0.1:80"), false, at(0));
  registry_.enroll(said("b", "10.0.0.2:80"), false, at(0));
  EXPECT_EQ(keep(), "");
  registry_.set_admin("web", "b", registry::Admin::drain, "x", at(1));
  registry_.leave("web", "a", {}, {}, at(1));
  EXPECT_EQ(keep(), "");
  EXPECT_EQ(remembered(), Lines{"b at 10.0.0.2:80 2 drain"});
}

TEST_F(KeeperTest, GivesNoIncarnationTwiceAcrossRestarts) {
  registry_.enroll(said("a", "10.0.0.1:80"), false, at(0));
  registry_.enroll(said("a", "10.0.0.2:80"), false, at(0));
  registry_.leave("web", "a", {}, {}, at(1));
  EXPECT_EQ(keep(), "");
  EXPECT_EQ(remembered(), Lines{});
  EXPECT_EQ(last_incarnation_, 2u);
}

TEST_F(KeeperTest, SaysWhenTheStoreFailsAndCatchesUpWithTheTruth) {
  registry_.enroll(said("a", "10.0.0.1:80"), false, at(0));
  registry_.enroll(said("b", "10.0.0.2:80"), false, at(0));
  EXPECT_EQ(keep(), "");
  is_full_ = true;
  registry_.leave("web", "a", {}, {}, at(1));
  EXPECT_EQ(keep(), "the disk is full");
  registry_.enroll(said("b", "10.0.0.3:80"), false, at(2));
  EXPECT_EQ(keep(), "the disk is full");
  registry_.enroll(said("c", "10.0.0.4:80"), false, at(3));
  EXPECT_EQ(keep(), "the disk is full");
  registry_.leave("web", "c", {}, {}, at(4));
  registry_.take_memos();  // lost before it was handed over: what counts is the truth at the time
  EXPECT_EQ(remembered(), (Lines{"a at 10.0.0.1:80 1 ready", "b at 10.0.0.2:80 2 ready"}));
  is_full_ = false;
  EXPECT_TRUE(
      test::run_until(loop_, [&] { return remembered() == Lines{"b at 10.0.0.3:80 3 ready"}; }));
  EXPECT_EQ(noted_, (Lines{"store_failed: the disk is full", "store_caught_up: "}));
}

TEST_F(KeeperTest, LeavesWhatBelongsToServicesThatAreNotConfigured) {
  registry_.enroll(said("a", "10.0.0.1:80"), false, at(0));
  EXPECT_EQ(keep(), "");
  registry::Registry other("e2");
  other.reconcile({registry::sample::service("pg", {})}, true, at(0));
  keeper(other)->restore(at(1));
  EXPECT_EQ(other.snapshot()->find("pg")->instances.size(), 0u);
  EXPECT_EQ(other.last_incarnation(), 1u);
  EXPECT_EQ(remembered(), Lines{"a at 10.0.0.1:80 1 ready"}) << "it is still there";
}

}  // namespace
}  // namespace sluice
