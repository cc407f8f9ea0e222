#include "proxy/admin/waits.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

std::shared_ptr<const registry::Snapshot> version(std::uint64_t web, std::uint64_t pg) {
  auto made = std::make_shared<registry::Snapshot>();
  made->index = std::max(web, pg);
  made->epoch = "e1";
  for (const auto& [name, index] : {std::pair("web", web), std::pair("pg", pg)}) {
    if (index == 0) continue;
    registry::Service service;
    service.name = name;
    service.index = index;
    made->services.put(std::make_shared<const registry::Service>(std::move(service)));
  }
  return made;
}

class BlockingReads : public ::testing::Test {
 protected:
  void wait(const std::string& service, std::uint64_t index, std::uint64_t due_ms = 100,
            std::optional<registry::State> state = {}) {
    Read read;
    read.service = service;
    read.index = index;
    read.filter.state = state;
    const Waits::Id id = ++last_id_;
    waits_.add(id, std::move(read), due_ms, [this, id](std::shared_ptr<const Reply> reply) {
      EXPECT_TRUE(answers_.emplace(id, std::move(reply)).second) << "twice";
    });
  }
  std::vector<Waits::Id> answered() const {
    std::vector<Waits::Id> ids;
    for (const auto& [id, reply] : answers_) ids.push_back(id);
    return ids;
  }
  std::string index_in_answer(Waits::Id id) const { return answers_.at(id)->headers.at(0).second; }

  using Ids = std::vector<Waits::Id>;
  Waits waits_;
  Waits::Id last_id_ = 0;
  std::map<Waits::Id, std::shared_ptr<const Reply>> answers_;
};

TEST_F(BlockingReads, AreRefusedWhenTheyMayNotBeAnswered) {
  wait("web", 5);
  wait("pg", 5);
  wait("web", 6, 200);
  waits_.refuse_unless([](const Read& read) { return read.service != "web"; });
  EXPECT_EQ(answered(), (Ids{1, 3}));
  EXPECT_EQ(answers_.at(1)->status, 401);
  EXPECT_EQ(waits_.size(), 1u);
  EXPECT_EQ(waits_.next_ms(), 100u);
}

TEST_F(BlockingReads, AreAnsweredWhenTheirServicePassesTheirIndex) {
  wait("web", 5);
  wait("web", 7);
  wait("pg", 5);
  wait("", 7);
  waits_.wake(*version(5, 4), 0);
  EXPECT_EQ(answered(), Ids{});
  waits_.wake(*version(7, 4), 0);
  EXPECT_EQ(answered(), Ids{1});
  EXPECT_EQ(index_in_answer(1), "7");
  waits_.wake(*version(7, 8), 0);
  EXPECT_EQ(answered(), (Ids{1, 3, 4}));
  EXPECT_EQ(nlohmann::json::parse(answers_.at(4)->body)["index"], 8);
  EXPECT_EQ(waits_.size(), 1u);
}

TEST_F(BlockingReads, AreAnsweredWhenTheirServiceIsNoMore) {
  wait("web", 5);
  waits_.wake(*version(0, 6), 0);
  EXPECT_EQ(answers_.at(1)->status, 404);
}

TEST_F(BlockingReads, AreAnsweredWhenTheirTimeIsOver) {
  wait("web", 5, 100);
  wait("", 5, 50);
  EXPECT_EQ(waits_.next_ms(), 50u);
  waits_.expire(*version(5, 4), 49);
  EXPECT_EQ(answered(), Ids{});
  waits_.expire(*version(5, 4), 50);
  EXPECT_EQ(answered(), Ids{2});
  waits_.expire(*version(5, 9), 1000);
  EXPECT_EQ(index_in_answer(1), "5") << "the service's";
  EXPECT_EQ(waits_.next_ms(), UINT64_MAX);
}

TEST_F(BlockingReads, AreForgottenWhenTheirClientsGo) {
  wait("web", 5);
  waits_.drop(1);
  waits_.drop(1);
  waits_.wake(*version(6, 4), 0);
  waits_.expire(*version(6, 4), 1000);
  EXPECT_EQ(answered(), Ids{});
  EXPECT_EQ(waits_.next_ms(), UINT64_MAX);
}

TEST_F(BlockingReads, ShareOneAnswer) {
  for (int i = 0; i < 1000; ++i) wait("web", 5);
  wait("web", 5, 100, registry::State::up);
  waits_.wake(*version(6, 4), 0);
  ASSERT_EQ(answers_.size(), 1001u);
  for (Waits::Id id = 1; id <= 1000; ++id) EXPECT_EQ(answers_.at(id), answers_.at(1));
  EXPECT_NE(answers_.at(1001), answers_.at(1)) << "it asked for something else";
}

}  // namespace
}  // namespace sluice::admin
