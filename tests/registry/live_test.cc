#include "registry/live.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::registry {
namespace {

std::shared_ptr<Live> make_live() {
  return std::make_shared<Live>(Identity{"web", "a", 1, {}});
}

LoadToken pick(const std::shared_ptr<Live>& live) {
  live->load.fetch_add(1, std::memory_order_relaxed);
  return LoadToken::adopt(live);
}

TEST(LoadToken, CountsAPendingConnectionAndThenAnEstablishedOne) {
  const auto live = make_live();
  {
    LoadToken token = pick(live);
    EXPECT_EQ(live->load, 1u);
    EXPECT_EQ(live->active, 0u);
    token.establish();
    token.establish();
    EXPECT_EQ(live->load, 1u);
    EXPECT_EQ(live->active, 1u) << "established twice is established once";
  }
  EXPECT_EQ(live->load, 0u);
  EXPECT_EQ(live->active, 0u);
}

TEST(Live, CountsFailuresInARowOfBothKinds) {
  const auto live = make_live();
  EXPECT_EQ(live->note(Failure::connect), (FailureRow{1, 0}));
  EXPECT_EQ(live->note(Failure::early_close), (FailureRow{1, 1}));
  EXPECT_EQ(live->note(Failure::early_close).total(), 3u);
  live->note_connect();
  EXPECT_EQ(live->note(Failure::connect), (FailureRow{1, 2})) << "whether it speaks is not known";
  live->note_word();
  EXPECT_EQ(live->note(Failure::early_close), (FailureRow{0, 1}));
}

TEST(LoadToken, IsReleasedOnce) {
  const auto live = make_live();
  LoadToken token = pick(live);
  LoadToken other = pick(live);
  token.establish();
  token.release();
  token.release();
  EXPECT_FALSE(token);
  EXPECT_EQ(live->load, 1u);
  EXPECT_EQ(live->active, 0u);
}

TEST(LoadToken, MovesItsCountWithoutChangingIt) {
  const auto live = make_live();
  LoadToken first = pick(live);
  first.establish();
  LoadToken second(std::move(first));
  EXPECT_TRUE(second);
  EXPECT_EQ(live->active, 1u);
  LoadToken third;
  third = std::move(second);
  EXPECT_EQ(live->load, 1u);
  EXPECT_EQ(live->active, 1u);
  third.release();
  EXPECT_EQ(live->load, 0u);
  EXPECT_EQ(live->active, 0u);
}

TEST(LoadToken, GivesUpItsOldCountWhenItTakesAnother) {
  const auto old_instance = make_live();
  const auto new_instance = make_live();
  LoadToken token = pick(old_instance);
  token.establish();
  token = pick(new_instance);
  EXPECT_EQ(old_instance->load, 0u);
  EXPECT_EQ(old_instance->active, 0u);
  EXPECT_EQ(new_instance->load, 1u);
  EXPECT_EQ(new_instance->active, 0u) << "the new one is pending";
}

TEST(LoadToken, SurvivesAssignmentFromItself) {
  const auto live = make_live();
  LoadToken token = pick(live);
  LoadToken& same = token;
  token = std::move(same);
  EXPECT_TRUE(token);
  EXPECT_EQ(live->load, 1u);
}

TEST(LoadToken, KeepsItsInstanceAlive) {
  auto live = make_live();
  const std::weak_ptr<Live> watch = live;
  LoadToken token = pick(live);
  live.reset();
  EXPECT_FALSE(watch.expired());
  token.release();
  EXPECT_TRUE(watch.expired());
}

std::shared_ptr<Live> make_half_open(std::uint16_t trials) {
  const auto live = make_live();
  live->verdict = Verdict::trial;
  live->trial_limit = trials;
  return live;
}

TEST(Trial, IsEligibleWhileOneIsFree) {
  const auto live = make_half_open(2);
  EXPECT_TRUE(live->is(Verdict::eligible));
  EXPECT_FALSE(live->is(Verdict::last_resort));
  Trial first = Trial::take(live);
  Trial second = Trial::take(live);
  EXPECT_FALSE(live->is(Verdict::eligible));
  EXPECT_FALSE(Trial::take(live));
  first = {};
  EXPECT_TRUE(live->is(Verdict::eligible));
  EXPECT_EQ(live->trials, 1u);
}

TEST(Trial, GoesWithTheTokenUntilItIsTaken) {
  const auto live = make_half_open(1);
  LoadToken token = pick(live);
  token.put_on(Trial::take(live));
  EXPECT_EQ(live->trials, 1u);
  LoadToken moved(std::move(token));
  EXPECT_TRUE(moved.is_on_trial());
  {
    const Trial trial = moved.take_trial();
    EXPECT_TRUE(trial);
    EXPECT_FALSE(moved.is_on_trial());
    EXPECT_FALSE(moved.take_trial()) << "once";
    moved.release();
    EXPECT_EQ(live->trials, 1u) << "outlives the place";
  }
  EXPECT_EQ(live->trials, 0u);

  LoadToken another = pick(live);
  another.put_on(Trial::take(live));
  another.release();
  EXPECT_EQ(live->trials, 0u) << "goes with it";
}

TEST(Trial, IsCountedExactlyOverManyThreads) {
  constexpr std::uint16_t kLimit = 3;
  const auto live = make_half_open(kLimit);
  std::atomic<int> held{0}, most{0}, taken{0};
  std::vector<std::thread> workers;
  for (int t = 0; t < 8; ++t) {
    workers.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        const Trial trial = Trial::take(live);
        if (!trial) continue;
        ++taken;
        const int now = ++held;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        --held;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(most, kLimit);
  EXPECT_GT(taken, 0);
  EXPECT_EQ(live->trials, 0u);
}

TEST(LoadToken, CountsExactlyOverManyThreads) {
  constexpr std::uint32_t kThreads = 4;
  constexpr std::uint32_t kConnections = 20'000;
  const auto live = make_live();
  std::atomic<bool> done{false};
  std::uint32_t most = 0;
  std::thread observer([&] {
    while (!done) {
      most = std::max({most, live->load.load(std::memory_order_relaxed),
                       live->active.load(std::memory_order_relaxed)});
    }
  });
  std::vector<std::thread> workers;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    workers.emplace_back([&live] {
      for (std::uint32_t i = 0; i < kConnections; ++i) {
        LoadToken token = pick(live);
        live->selected.fetch_add(1, std::memory_order_relaxed);
        if (i % 3 != 0) token.establish();
        const LoadToken moved(std::move(token));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  done = true;
  observer.join();
  EXPECT_LE(most, kThreads) << "a count below zero wraps far above";
  EXPECT_EQ(live->load, 0u);
  EXPECT_EQ(live->active, 0u);
  EXPECT_EQ(live->selected, std::uint64_t{kThreads} * kConnections);
}

}  // namespace
}  // namespace sluice::registry
