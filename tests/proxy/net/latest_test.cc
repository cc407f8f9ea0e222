#include "proxy/net/latest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

TEST(Latest, HoldsNothingAtFirst) {
  Latest<int> latest;
  EXPECT_EQ(latest.take(), nullptr);
}

TEST(Latest, TheNewestWinsAndIsTakenOnce) {
  Latest<int> latest;
  latest.put(1);
  latest.put(2);
  const auto taken = latest.take();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(*taken, 2);
  EXPECT_EQ(latest.take(), nullptr);
}

TEST(Latest, FreesWhatNobodyTook) {
  auto counted = std::make_shared<int>(7);
  {
    Latest<std::shared_ptr<int>> latest;
    latest.put(counted);
    latest.put(counted);
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Latest, ATakerSeesEachWritersValuesInOrderAndTheLastOfAll) {
  struct Word {
    int writer;
    int number;
    std::shared_ptr<int> payload;  // written before put(), read after take()
  };
  constexpr int kWriters = 3;
  constexpr int kEach = 20'000;
  Latest<Word> latest;
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = 1; number <= kEach; ++number) {
        latest.put({writer, number, std::make_shared<int>(number)});
      }
      --writing;
    });
  }
  int seen[kWriters] = {};
  int in_disorder = 0;
  const auto look = [&] {
    const auto word = latest.take();
    if (word == nullptr) return;
    if (word->number <= seen[word->writer] || *word->payload != word->number) ++in_disorder;
    seen[word->writer] = word->number;
  };
  while (writing > 0) look();
  look();
  for (std::thread& each : writers) each.join();

  EXPECT_EQ(in_disorder, 0);
  EXPECT_EQ(*std::max_element(std::begin(seen), std::end(seen)), kEach);
}

TEST(Mailbox, GivesAllOldestFirstAndIsEmptyThen) {
  Mailbox<std::unique_ptr<int>> mailbox;
  EXPECT_TRUE(mailbox.take_all().empty());
  for (int i = 0; i < 5; ++i) mailbox.post(std::make_unique<int>(i));

  const auto taken = mailbox.take_all();

  ASSERT_EQ(taken.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*taken[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(mailbox.take_all().empty());
}

TEST(Mailbox, FreesWhatNobodyTook) {
  auto counted = std::make_shared<int>(7);
  {
    Mailbox<std::shared_ptr<int>> mailbox;
    mailbox.post(counted);
    mailbox.post(counted);
    EXPECT_EQ(counted.use_count(), 3);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Mailbox, LosesNothingFromManyThreadsAndKeepsEachOnesOrder) {
  constexpr int kWriters = 4;
  constexpr int kEach = 20'000;
  Mailbox<std::pair<int, int>> mailbox;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = 0; number < kEach; ++number) mailbox.post({writer, number});
    });
  }
  int next[kWriters] = {};
  int in_disorder = 0;
  int total = 0;
  while (total < kWriters * kEach) {
    for (const auto& [writer, number] : mailbox.take_all()) {
      if (number != next[writer]++) ++in_disorder;
      ++total;
    }
  }
  for (std::thread& each : writers) each.join();

  EXPECT_EQ(in_disorder, 0);
  for (const int count : next) EXPECT_EQ(count, kEach);
  EXPECT_TRUE(mailbox.take_all().empty());
}

}  // namespace
}  // namespace sluice::net
