#include "proxy/log/ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <thread>

namespace sluice::log {
namespace {

// A record that says itself whether it is whole: its number, then as many dots as the number asks
// for.
std::string record_of(std::size_t number) {
  return std::to_string(number) + std::string(number % 23, '.');
}

TEST(Ring, GivesBackWhatWasPushedInOrder) {
  Ring ring(64);
  ASSERT_TRUE(ring.push("one"));
  ASSERT_TRUE(ring.push(""));
  ASSERT_TRUE(ring.push("three"));
  EXPECT_FALSE(ring.is_empty());
  std::string record = "before";
  for (const char* expected : {"one", "", "three"}) {
    ASSERT_TRUE(ring.pop(record));
    EXPECT_EQ(record, expected);
  }
  EXPECT_TRUE(ring.is_empty());
  EXPECT_FALSE(ring.pop(record));
  EXPECT_EQ(record, "three") << "an empty ring leaves the record alone";
}

TEST(Ring, TakesAsMuchAsItHoldsAndNotAByteMore) {
  struct Case {
    std::size_t ring;
    std::size_t record;
    bool fits;
  };
  for (const Case c : {Case{64, 60, true}, Case{64, 61, false}, Case{33, 60, true},
                       Case{64, 1000, false}, Case{0, 0, true}, Case{0, 1, false}}) {
    Ring ring(c.ring);
    EXPECT_EQ(ring.push(std::string(c.record, 'x')), c.fits)
        << c.record << " bytes in a ring of " << c.ring;
  }
}

TEST(Ring, ARecordThatFindsNoRoomChangesNothing) {
  Ring ring(32);
  ASSERT_TRUE(ring.push("0123456789"));
  EXPECT_FALSE(ring.push(std::string(20, 'x')));
  ASSERT_TRUE(ring.push("abcdefghijklmn")) << "exactly what was left";
  std::string record;
  ASSERT_TRUE(ring.pop(record));
  EXPECT_EQ(record, "0123456789");
  ASSERT_TRUE(ring.pop(record));
  EXPECT_EQ(record, "abcdefghijklmn");
}

TEST(Ring, IsPastHalfUntilRoomIsMade) {
  Ring ring(64);
  ASSERT_TRUE(ring.push(std::string(28, 'x')));
  EXPECT_FALSE(ring.is_past_half()) << "exactly half";
  ASSERT_TRUE(ring.push(""));
  EXPECT_TRUE(ring.is_past_half());
  std::string record;
  ASSERT_TRUE(ring.pop(record));
  EXPECT_FALSE(ring.is_past_half());
}

TEST(Ring, BehavesAsAQueueAtEveryOffsetOfTheCircle) {
  std::mt19937 random(7);
  Ring ring(128);
  std::deque<std::string> model;
  std::size_t held = 0;
  std::string record;
  for (std::size_t step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      const std::string pushed(random() % 40, static_cast<char>('a' + step % 26));
      const bool fits = held + 4 + pushed.size() <= 128;
      ASSERT_EQ(ring.push(pushed), fits);
      if (!fits) continue;
      model.push_back(pushed);
      held += 4 + pushed.size();
    } else {
      ASSERT_EQ(ring.pop(record), !model.empty());
      if (model.empty()) continue;
      ASSERT_EQ(record, model.front());
      held -= 4 + record.size();
      model.pop_front();
    }
  }
}

TEST(Ring, CarriesEveryRecordWholeBetweenTwoThreads) {
  constexpr std::size_t kRecords = 100'000;
  Ring ring(256);
  std::thread producer([&] {
    for (std::size_t i = 0; i < kRecords; ++i) {
      while (!ring.push(record_of(i))) std::this_thread::yield();
    }
  });
  std::string record;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kRecords; ++i) {
    while (!ring.pop(record)) std::this_thread::yield();
    if (record != record_of(i)) ++wrong;
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_FALSE(ring.pop(record));
}

}  // namespace
}  // namespace sluice::log
