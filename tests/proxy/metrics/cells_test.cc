#include "proxy/metrics/cells.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::metrics {
namespace {

TEST(CloseReason, EveryOneHasItsOwnWord) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < kCloseReasons; ++i) {
    const std::string_view name = word(static_cast<CloseReason>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(words.insert(name).second) << name;
  }
}

TEST(CloseReason, HasTheWordOfItsName) {
  struct Case {
    CloseReason reason;
    std::string_view expected;
  };
  // First, last, and the ones next to which an omission would show.
  for (const Case& c :
       {Case{CloseReason::client_closed, "client_closed"},
        Case{CloseReason::upstream_reset, "upstream_reset"},
        Case{CloseReason::half_close_timeout, "half_close_timeout"},
        Case{CloseReason::connect_timeout, "connect_timeout"},
        Case{CloseReason::queue_full, "queue_full"},
        Case{CloseReason::limit_process, "limit_process"},
        Case{CloseReason::proxy_header_timeout, "proxy_header_timeout"},
        Case{CloseReason::drain, "drain"}, Case{CloseReason::rebalance, "rebalance"},
        Case{CloseReason::internal_error, "internal_error"}}) {
    EXPECT_EQ(word(c.reason), c.expected);
  }
}

TEST(DurationHistogram, PutsADurationIntoTheFirstBucketThatHoldsIt) {
  struct Case {
    std::uint64_t us;
    std::size_t bucket;
  };
  const std::array<std::uint64_t, 3> bounds = {10, 100, 1000};
  for (const Case c : {Case{0, 0}, Case{10, 0}, Case{11, 1}, Case{100, 1}, Case{1000, 2},
                       Case{1001, 3}, Case{std::numeric_limits<std::uint64_t>::max(), 3}}) {
    DurationHistogram<3> histogram(bounds);
    histogram.observe(c.us);
    for (std::size_t i = 0; i <= 3; ++i) {
      EXPECT_EQ(histogram.bucket(i), i == c.bucket ? 1U : 0U) << c.us << " us, bucket " << i;
    }
    EXPECT_EQ(histogram.sum_us(), c.us);
  }
}

TEST(Cells, SlotsOfTwoWorkersShareNoCacheLine) {
  ListenerCells listeners(2, "l");
  RouteCells routes(2, "l", "s");
  ServiceCells services(2, "s");
  const auto distance = [](auto& cells) {
    return reinterpret_cast<std::uintptr_t>(&cells.of(1)) -
           reinterpret_cast<std::uintptr_t>(&cells.of(0));
  };
  for (const std::uintptr_t bytes : {distance(listeners), distance(routes), distance(services)}) {
    EXPECT_EQ(bytes % 64, 0U);
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&listeners.of(0)) % 64, 0U);
}

TEST(Cells, NobodyEverReadsMoreClosedThanAccepted) {
  constexpr std::uint64_t kConnections = 200'000;
  ListenerCells cells(1, "l");
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < kConnections; ++i) {
      cells.of(0).accepted.increment();
      cells.of(0).closed.increment();
    }
  });
  std::uint64_t closed = 0;
  std::uint64_t negative = 0;
  while (closed < kConnections) {
    closed = cells.all()[0].closed.read();
    if (cells.all()[0].accepted.read() < closed) ++negative;
  }
  worker.join();
  EXPECT_EQ(negative, 0U);
}

}  // namespace
}  // namespace sluice::metrics
