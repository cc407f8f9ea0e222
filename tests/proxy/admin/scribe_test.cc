#include "proxy/admin/scribe.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "proxy/admin/inbox.h"
#include "tests/support/wait.h"

namespace sluice::admin {
namespace {

using test::eventually;

// Readers by number, and what they have been answered.
class Readers {
 public:
  Readers() { inbox_->open(bell_); }
  ~Readers() { inbox_->close(); }

  Responder reader(std::uint64_t number) {
    const auto pending = std::make_shared<Responder::Pending>(inbox_, number);
    pending_[number] = pending;
    return Responder(pending);
  }
  void leave(std::uint64_t number) {
    if (const auto pending = pending_[number].lock()) pending->settled = true;
  }
  // Waits for so many answers and tells them as "READER STATUS BODY", in their order.
  std::vector<std::string> answers(std::size_t count) {
    EXPECT_TRUE(eventually([&] {
      for (Answer& answer : inbox_->take().answers) answers_.push_back(std::move(answer));
      return answers_.size() >= count;
    }));
    std::vector<std::string> told;
    for (const Answer& answer : answers_) {
      told.push_back(std::to_string(answer.connection) + " " +
                     std::to_string(answer.reply->status) + " " +
                     (answer.reply->status == 200 ? answer.reply->body : ""));
    }
    return told;
  }
  const Reply* reply(std::size_t answer) const { return answers_[answer].reply.get(); }

 private:
  net::Loop loop_;
  net::Bell bell_{loop_, [] {}};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::map<std::uint64_t, std::weak_ptr<Responder::Pending>> pending_;
  std::vector<Answer> answers_;
};

using Replies = std::vector<std::string>;

class ScribeTest : public ::testing::Test {
 protected:
  void order(const std::string& name, Page page, std::uint64_t reader) {
    scribe_->orders()->place(name, std::move(page), readers_.reader(reader));
  }
  Page page(const std::string& body) {
    return [this, body] {
      ++written_;
      return Reply::json(body);
    };
  }
  // Keeps the scribe busy, for reader 0, until let_go().
  void occupy() {
    order(
        "busy",
        [this] {
          is_busy_ = true;
          may_go_on_.acquire();
          return Reply::json("busy");
        },
        0);
    ASSERT_TRUE(eventually([&] { return is_busy_.load(); }));
  }
  void let_go() { may_go_on_.release(); }

  Readers readers_;
  std::atomic<bool> is_busy_{false};
  std::atomic<int> written_{0};
  std::binary_semaphore may_go_on_{0};
  std::unique_ptr<Scribe> scribe_ = std::make_unique<Scribe>();
};

TEST_F(ScribeTest, WritesPagesInTheOrderOfTheirRequests) {
  occupy();
  order("a", page("A"), 1);
  order("b", page("B"), 2);
  order("", page("C"), 3);
  order("", page("D"), 4);
  let_go();
  EXPECT_EQ(readers_.answers(5),
            (Replies{"0 200 busy", "1 200 A", "2 200 B", "3 200 C", "4 200 D"}));
}

TEST_F(ScribeTest, WritesAPageOnceForAllWhoAskedBeforeItWasBegun) {
  occupy();
  for (std::uint64_t reader = 1; reader <= 3; ++reader) order("a", page("A"), reader);
  order("busy", page("anew"), 4);  // what is under way may be older than this request
  let_go();
  EXPECT_EQ(readers_.answers(5),
            (Replies{"0 200 busy", "1 200 A", "2 200 A", "3 200 A", "4 200 anew"}));
  EXPECT_EQ(written_, 2);
  EXPECT_EQ(readers_.reply(1), readers_.reply(3)) << "and holds it once";
}

TEST_F(ScribeTest, WritesNothingThatNobodyWaitsFor) {
  occupy();
  order("a", page("A"), 1);
  order("b", page("B"), 2);
  order("b", page("B"), 3);
  readers_.leave(1);
  readers_.leave(2);
  let_go();
  EXPECT_EQ(readers_.answers(2), (Replies{"0 200 busy", "3 200 B"}));
  EXPECT_EQ(written_, 1);
}

TEST_F(ScribeTest, ForgetsWhatNobodyWaitsForHoweverBusyItIs) {
  occupy();
  const auto held = std::make_shared<int>();
  order("", [held] { return Reply::json(""); }, 1);
  readers_.leave(1);
  order("b", page("B"), 2);
  EXPECT_EQ(held.use_count(), 1);
  let_go();
  readers_.answers(2);
}

TEST_F(ScribeTest, AnswersForAPageThatFails) {
  order("a", []() -> Reply { throw std::runtime_error("secret"); }, 1);
  order("b", page("B"), 2);
  EXPECT_EQ(readers_.answers(2), (Replies{"1 500 ", "2 200 B"}));
  EXPECT_EQ(readers_.reply(0)->body.find("secret"), std::string::npos);
}

TEST_F(ScribeTest, GivesUpAtItsEndWhatItHasNotBegun) {
  const std::shared_ptr<Orders> orders = scribe_->orders();
  occupy();
  order("a", page("A"), 1);
  std::thread end([this] { scribe_.reset(); });
  EXPECT_EQ(readers_.answers(1), Replies{"1 503 "});
  let_go();
  end.join();
  EXPECT_EQ(readers_.answers(2), (Replies{"1 503 ", "0 200 busy"})) << "what was begun is finished";
  orders->place("b", page("B"), readers_.reader(2));
  EXPECT_EQ(readers_.answers(3).back(), "2 503 ");
  EXPECT_EQ(written_, 0);
}

TEST_F(ScribeTest, LeavesTheProcessorToOthersWithoutLoweringTheirs) {
  const int mine = ::getpriority(PRIO_PROCESS, 0);
  order("a", [] { return Reply::json(std::to_string(::getpriority(PRIO_PROCESS, 0))); }, 1);
  EXPECT_EQ(readers_.answers(1), Replies{"1 200 " + std::to_string(std::max(mine, 10))});
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), mine);
}

}  // namespace
}  // namespace sluice::admin
