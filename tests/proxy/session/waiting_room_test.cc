// Rooms and the line that goes through them.
#include "proxy/session/waiting_room.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/session/place.h"
#include "tests/proxy/net/run_loop.h"

namespace sluice::session {
namespace {

class Visitor final : public Line::Guest {
 public:
  explicit Visitor(std::function<void(Visitor&)> called) : called_(std::move(called)) {}
  void on_called() override { called_(*this); }

 private:
  const std::function<void(Visitor&)> called_;
};

// Two workers' rooms on one loop, and a number of places that whoever is called may take.
class WaitingRoomTest : public testing::Test {
 protected:
  // Enters; when he is called he takes a place, says so and leaves, or stays.
  std::unique_ptr<Visitor> visitor(char name, WaitingRoom& room,
                                   const std::shared_ptr<Line::Row>& row) {
    auto made = std::make_unique<Visitor>([this, name, &room](Visitor& self) {
      ++calls_;
      if (places_ == 0) return;
      --places_;
      served_ += name;
      room.leave(self);
    });
    room.enter(*made, row);
    return made;
  }
  std::unique_ptr<Visitor> visitor(char name, WaitingRoom& room) {
    return visitor(name, room, row_);
  }
  void free_places(int more) {
    places_ += more;
    line_->call();
  }
  bool are_served(const std::string& names) {
    return test::run_until(loop_, [&] { return served_ == names; });
  }
  // Whoever is to be called has been by then.
  void settle() {
    bool rung = false;
    net::Bell last(loop_, [&] { rung = true; });
    for (int turn = 0; turn < 10; ++turn) {
      rung = false;
      last.ring();
      ASSERT_TRUE(test::run_until(loop_, [&] { return rung; }));
    }
  }

  net::Loop loop_;
  WaitingRoom one_{loop_}, two_{loop_};
  std::shared_ptr<metrics::ServiceCells> cells_ = std::make_shared<metrics::ServiceCells>(2, "s");
  std::shared_ptr<Line> line_ = std::make_shared<Line>(cells_);
  std::shared_ptr<Line::Row> row_ = Line::row(line_, "s", false);
  int places_ = 0;
  int calls_ = 0;
  std::string served_;
};

TEST_F(WaitingRoomTest, ServesInOrderOverAllRooms) {
  const auto a = visitor('a', one_), b = visitor('b', two_), c = visitor('c', two_),
             d = visitor('d', one_), e = visitor('e', two_);
  settle();
  EXPECT_EQ(cells_->waiting, 5u);
  free_places(1);
  EXPECT_TRUE(are_served("a"));
  free_places(3);
  EXPECT_TRUE(are_served("abcd"));
  settle();
  EXPECT_EQ(served_, "abcd");
  free_places(1);
  EXPECT_TRUE(are_served("abcde"));
  EXPECT_EQ(cells_->waiting, 0u);
}

TEST_F(WaitingRoomTest, LooksAgainForWhoHasComeToAnEmptyRow) {
  places_ = 1;  // has become free after he was refused one
  const auto a = visitor('a', one_);
  EXPECT_TRUE(are_served("a"));
}

TEST_F(WaitingRoomTest, CallsTheFirstAlone) {
  const auto a = visitor('a', one_), b = visitor('b', two_), c = visitor('c', one_);
  settle();
  const int before = calls_;
  line_->call();
  settle();
  EXPECT_EQ(calls_, before + 1);
}

TEST_F(WaitingRoomTest, MovesUpWhenSomebodyLeaves) {
  auto a = visitor('a', one_), b = visitor('b', two_);
  const auto c = visitor('c', two_);
  settle();
  places_ = 1;
  one_.leave(*a);  // the first: the next is told
  one_.leave(*a);
  a.reset();
  EXPECT_TRUE(are_served("b"));
  two_.leave(*c);
  EXPECT_EQ(cells_->waiting, 0u);
}

TEST_F(WaitingRoomTest, KeepsThePlaceOfWhoEntersTwice) {
  const auto a = visitor('a', one_), b = visitor('b', two_);
  one_.enter(*a, row_);
  free_places(2);
  EXPECT_TRUE(are_served("ab"));
}

TEST_F(WaitingRoomTest, WhoIsCalledMayHaveAnotherLeave) {
  std::unique_ptr<Visitor> second;
  Visitor first([&](Visitor& self) {
    served_ += '1';
    one_.leave(*second);
    second.reset();
    one_.leave(self);
  });
  one_.enter(first, row_);
  second = visitor('2', one_);
  const auto third = visitor('3', one_);
  places_ = 1;
  EXPECT_TRUE(are_served("13"));
}

TEST_F(WaitingRoomTest, ServesARowThoughTheFirstOfAnotherFindsNothing) {
  const auto other = Line::row(line_, "s{role=primary}", false);
  Visitor picky([](Visitor&) {});
  one_.enter(picky, row_);
  const auto behind = visitor('b', one_);
  const auto a = visitor('a', two_, other);
  free_places(2);
  EXPECT_TRUE(are_served("a"));
  EXPECT_TRUE(WaitingRoom::must_wait(*a, *row_));
  EXPECT_FALSE(WaitingRoom::must_wait(*a, *other));
  EXPECT_FALSE(WaitingRoom::must_wait(picky, *row_)) << "who is in is called";
  one_.leave(picky);
  EXPECT_TRUE(are_served("ab"));
}

TEST_F(WaitingRoomTest, ServesThousandsInTurn) {
  std::vector<std::unique_ptr<Visitor>> all;
  for (int i = 0; i < 2000; ++i) all.push_back(visitor('x', i % 3 == 0 ? one_ : two_));
  free_places(2000);
  EXPECT_TRUE(are_served(std::string(2000, 'x')));
}

// Workers whose clients come, take the one place, give it back and go, each on its own thread: the
// place is never left lying while somebody waits for it.
TEST(WaitingRooms, LoseNobodyInARace) {
  constexpr int kThreads = 4;
  constexpr int kVisits = 3000;
  const auto cells = std::make_shared<metrics::ServiceCells>(kThreads, "s");
  const auto line = std::make_shared<Line>(cells);
  const auto row = Line::row(line, "s", false);
  std::atomic<int> served{0};
  struct Worker {
    net::Loop loop;
    WaitingRoom room{loop};
  };
  std::array<Worker, kThreads> workers;
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&] {
      auto& [loop, room] = worker;
      int visits = 0;
      const auto visit = [&] {
        {
          const Place place = Place::take(cells->connections, 1);
          if (!place) return false;
          ++visits;
          ++served;
        }
        if (cells->waiting.load() != 0) line->call();
        return true;
      };
      Visitor visitor([&](Visitor& self) {
        if (visit()) room.leave(self);
      });
      while (visits < kVisits) {
        if (!WaitingRoom::must_wait(visitor, *row) && visit()) continue;
        room.enter(visitor, row);
        const bool is_called = test::run_until(loop, [&] { return !WaitingRoom::is_in(visitor); });
        if (!is_called) {
          ADD_FAILURE() << "forgotten after " << visits << " visits";
          room.leave(visitor);
          return;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kThreads * kVisits);
  EXPECT_EQ(cells->waiting, 0u);
  EXPECT_EQ(cells->connections, 0u);
}

}  // namespace
}  // namespace sluice::session
