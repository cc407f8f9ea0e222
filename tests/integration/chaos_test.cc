// Everything that instances do wrong, all at once, beside one that does it right.
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <random>

#include "tests/integration/load.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

constexpr const char* kService =
    "check: {type: tcp, interval: 200ms, fast_interval: 100ms, timeout: 200ms, jitter: 0, "
    "initial: up}, "
    "outlier: {consecutive: 3, base: 200ms, max: 1s}, "
    "breaker: {failures: 4, open_for: 300ms, half_open: 2}, "
    "retry: {max_retries: 20, base_delay: 5ms, max_delay: 20ms, budget: {percent: 100}, "
    "replay: {bytes: 4KiB}}";

// Five that change their ways with each throw of the dice, and one that does not.
class Cast {
 public:
  std::vector<std::string> instances() const {
    return {first_.address(), second_.address(), dying_.address(), good_.address()};
  }

  // One of them changes.
  void change(const Sluice& sluice, std::mt19937& dice) {
    switch (dice() % 6) {
      case 0:
        return change(first_mood_, dice);
      case 1:
        return change(second_mood_, dice);
      case 2:
        is_dying_dead_ ? dying_.start() : dying_.stop();
        is_dying_dead_ = !is_dying_dead_;
        return;
      case 3:
        return come_or_go(sluice, "hanging", hanging_.address(), is_hanging_there_);
      default:
        return come_or_go(sluice, "leaving", leaving_.address(), is_leaving_there_);
    }
  }

 private:
  using SharedMood = std::shared_ptr<std::atomic<Mood>>;

  // All of them answer checks.
  static void change(const SharedMood& mood, std::mt19937& dice) {
    constexpr std::array kMoods = {Mood::well,
                                   Mood::slow,
                                   Mood::closes_on_accept,
                                   Mood::closes_on_data,
                                   Mood::resets_on_accept,
                                   Mood::resets_on_data};
    mood->store(kMoods[dice() % kMoods.size()]);
  }

  static void come_or_go(const Sluice& sluice, const std::string& id, const std::string& address,
                         bool& is_there) {
    const std::string path = "/v1/services/s/instances/" + id;
    const Response answer = is_there
                                ? sluice.admin().del(path)
                                : sluice.admin().put(path, R"({"address":")" + address + "\"}");
    EXPECT_EQ(answer.status / 100, 2) << answer.body;
    is_there = !is_there;
  }

  const SharedMood first_mood_ = std::make_shared<std::atomic<Mood>>(Mood::resets_on_data);
  const SharedMood second_mood_ = std::make_shared<std::atomic<Mood>>(Mood::closes_on_data);
  Backend first_{moody(first_mood_)};
  Backend second_{moody(second_mood_)};
  Backend dying_{echo()};
  Backend leaving_{echo()};
  Backend good_{echo()};
  const BlackHole hanging_;
  bool is_dying_dead_ = false;
  bool is_hanging_there_ = false;
  bool is_leaving_there_ = false;
};

// No client notices, every end has its reason, and nothing is left behind.
TEST(Chaos, IsNotNoticedWhileOneInstanceIsWell) {
  const double a_second = size_of_run(150.0, 500.0);
  const auto lasts = size_of_run<Milliseconds>(5s, 2min);
  Cast cast;
  Sluice sluice({.instances = cast.instances(), .service = kService});
  Invariants invariants(sluice);
  std::mt19937 dice(20'261'121);
  const Stopwatch watch;
  // As many as it takes to keep the pace when each waits for the slowest instance.
  ShortConnections load(sluice, 64, a_second);
  for (int step = 0; watch.elapsed() < lasts; ++step) {
    cast.change(sluice, dice);
    // The sequence is the same each time, at about the same pace.
    eventually([&] { return watch.elapsed() >= (step + 1) * 50ms; });
  }
  load.stop();

  const double made_a_second = load.made() / watch.seconds();
  std::cout << load.made() << " connections, " << made_a_second << " a second\n";
  EXPECT_EQ(load.failed(), 0) << "of " << load.made();
  // A machine that does much else may fall behind in the short form.
  EXPECT_GT(made_a_second, a_second * size_of_run(0.5, 0.95));
  EXPECT_TRUE(becomes_quiet(sluice));
  const MetricsPage page = sluice.metrics();
  const auto retries = [&](const char* reason) {
    return page.value("sluice_retries_total", {{"reason", reason}});
  };
  EXPECT_GE(page.value("sluice_connections_accepted_total"), load.made());
  EXPECT_EQ(page.value("sluice_connections_closed_total"),
            page.value("sluice_connections_accepted_total"));
  EXPECT_EQ(page.value("sluice_connections_closed_total", {{"reason", "internal_error"}}), 0);
  EXPECT_GT(retries("early_close"), 0);
  EXPECT_GT(retries("refused"), 0);
  EXPECT_GT(retries("timeout"), 0);
  int opened = 0, ejected = 0;
  for (const auto& line : sluice.log("instance state")) {
    const auto reason = line.at("reason").get<std::string>();
    if (reason.starts_with("breaker: open")) ++opened;
    if (reason.starts_with("outlier: ") && line.at("to") == "down") ++ejected;
  }
  EXPECT_GT(opened, 0);
  EXPECT_GT(ejected, 0);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test
