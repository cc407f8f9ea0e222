#include "proxy/session/crew.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "tests/proxy/session/rig.h"

namespace sluice::session {
namespace {

std::vector<std::uint32_t> counts(const Crew& crew, std::size_t workers) {
  std::vector<std::uint32_t> all;
  for (std::size_t worker = 0; worker < workers; ++worker) all.push_back(crew.connections(worker));
  return all;
}

TEST(CrewTest, ChoosesTheWorkerWithTheFewestAndItselfAmongEquals) {
  struct Case {
    std::vector<int> before;
    std::size_t own, chosen;
  };
  for (const Case& c : {
           Case{{0}, 0, 0},
           Case{{7}, 0, 0},
           Case{{0, 0, 0}, 2, 2},
           Case{{3, 3, 3}, 1, 1},
           Case{{1, 0, 1}, 0, 1},
           Case{{1, 0, 1}, 1, 1},
           Case{{2, 2, 1}, 0, 2},
           Case{{0, 2, 0}, 1, 2},  // the next one after it, so that not all run to the first
           Case{{0, 0, 2}, 2, 0},
       }) {
    Crew crew(c.before.size());
    std::vector<Place> held;
    for (std::size_t worker = 0; worker < c.before.size(); ++worker) {
      for (int i = 0; i < c.before[worker]; ++i) held.push_back(crew.take(worker));
    }

    const Crew::Choice choice = crew.take_least(c.own);

    EXPECT_EQ(choice.worker, c.chosen);
    EXPECT_EQ(crew.connections(c.chosen), static_cast<std::uint32_t>(c.before[c.chosen]) + 1);
  }
}

TEST(CrewTest, ACountGoesWithItsPlace) {
  Crew crew(2);
  {
    const Crew::Choice first = crew.take_least(0);
    const Crew::Choice second = crew.take_least(0);
    EXPECT_EQ(counts(crew, 2), (std::vector<std::uint32_t>{1, 1}));
    const Place elsewhere = crew.take(1);
    EXPECT_EQ(counts(crew, 2), (std::vector<std::uint32_t>{1, 2}));
  }
  EXPECT_EQ(counts(crew, 2), (std::vector<std::uint32_t>{0, 0}));
}

// All accept at the same time, none lets go: whatever the order, no worker is two ahead of another.
TEST(CrewTest, ABurstOnAllWorkersSpreadsEvenly) {
  constexpr std::size_t kWorkers = 4;
  constexpr int kEach = 5'000;
  Crew crew(kWorkers);
  std::vector<std::vector<Place>> held(kWorkers);
  std::vector<std::thread> threads;
  for (std::size_t own = 0; own < kWorkers; ++own) {
    threads.emplace_back([&, own] {
      for (int i = 0; i < kEach; ++i) held[own].push_back(crew.take_least(own).place);
    });
  }
  for (std::thread& thread : threads) thread.join();

  const auto all = counts(crew, kWorkers);
  const auto [least, most] = std::ranges::minmax(all);
  EXPECT_LE(most - least, 1u);
  EXPECT_EQ(all[0] + all[1] + all[2] + all[3], kWorkers * kEach);
  held.clear();
  EXPECT_EQ(counts(crew, kWorkers), std::vector<std::uint32_t>(kWorkers, 0));
}

TEST(CrewTest, AnArrivalIsFoundByItsWorkerWithWhatItCameWith) {
  Rig rig;
  Crew crew(2);
  int rung = 0;
  net::Bell bell(rig.loop, [&] { ++rung; });
  crew.open(1, bell);
  const auto route = std::make_shared<const Route>();
  auto ends = tcp_pair();
  const int fd = ends.second.get();
  Places places;
  places.worker = crew.take(1);

  crew.hand_over(1, {std::move(ends.second), {}, route, std::move(places)});
  ASSERT_TRUE(rig.run_until([&] { return rung > 0; }));
  {
    const std::vector<Arrival> arrivals = crew.take_arrivals(1);
    ASSERT_EQ(arrivals.size(), 1u);
    EXPECT_EQ(arrivals[0].socket.get(), fd);
    EXPECT_EQ(arrivals[0].route, route);
    EXPECT_EQ(crew.connections(1), 1u);
  }
  EXPECT_EQ(crew.connections(1), 0u);
  EXPECT_TRUE(crew.take_arrivals(1).empty());
}

TEST(CrewTest, ClosesWhatNobodyTook) {
  Rig rig;
  net::Bell bell(rig.loop, [] {});
  auto ends = tcp_pair();
  Heard client;
  {
    Crew crew(1);
    crew.open(0, bell);
    Places places;
    places.worker = crew.take(0);
    crew.hand_over(0, {std::move(ends.second), {}, nullptr, std::move(places)});
  }
  EXPECT_TRUE(rig.run_until([&] {
    client.listen(ends.first);
    return client.fin;
  }));
}

}  // namespace
}  // namespace sluice::session
