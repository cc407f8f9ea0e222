// kill -9 at any moment: what was answered is there, and there is no word of damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "registry/store/sqlite.h"
#include "tests/registry/store/child.h"
#include "tests/registry/store/sample.h"
#include "tests/support/process.h"

namespace sluice::registry {
namespace {

using sample::put;
using test::Child;
using test::kSanitized;

const int kRounds = kSanitized ? 10 : 100;
constexpr int kMost = 5'000;  // transactions in a round

std::string value(int round, int number) {
  return std::to_string(round) + ":" + std::to_string(number) + std::string(300, 'v');
}

// Writes one entry after the other, each with a companion, without waiting for answers, and says
// the number of each that was answered.
void write_all(const std::string& path, int round, int pipe) {
  SqliteStore store({path, {}, ""});
  store.load();
  for (int i = 0; i < kMost; ++i) {
    store.write({put("a" + std::to_string(i % 500), value(round, i)),
                 put("b" + std::to_string(i % 500), value(round, i))},
                [pipe, i](const Outcome& outcome) {
                  if (outcome.kind == Outcome::Kind::durable) Child::say(pipe, i);
                });
  }
  Child::wait_for_end();
}

// The number that a value of this round has; -1: it is of another round.
int number_of(const std::string& value, int round) {
  const std::string prefix = std::to_string(round) + ":";
  return value.starts_with(prefix) ? std::stoi(value.substr(prefix.size())) : -1;
}

void expect_all_until(int last_answered, const std::vector<Entry>& entries, int round) {
  std::map<std::string, std::string> held = sample::contents(entries);
  EXPECT_EQ(held.size() % 2, 0u);
  for (int i = std::max(0, last_answered - 499); i <= last_answered; ++i) {
    const std::string id = std::to_string(i % 500);
    EXPECT_GE(number_of(held["a" + id], round), i);
  }
  for (const auto& [id, value] : held) {
    if (id[0] == 'a') {
      EXPECT_EQ(value, held["b" + id.substr(1)]) << "half a transaction";
    }
  }
}

TEST(SqliteKill, KeepsAllThatWasAnswered) {
  std::mt19937 random(9);
  test::TempDir directory{test::TempDir::Medium::memory};
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // In every third round the file is made, in the others it is there.
    const std::string path = directory.path(std::to_string(round / 3) + ".db");
    Child child([&](int pipe) { write_all(path, round, pipe); });
    int last = -1;
    const int enough = std::uniform_int_distribution<>(0, round % 2 == 0 ? 1'000 : 20)(random);
    for (int heard = 0; heard < enough; ++heard) last = child.hear().value();
    child.kill();
    while (const auto number = child.hear()) last = *number;

    SqliteStore store({path, {}, ""});
    expect_all_until(last, store.load(), round);
    EXPECT_EQ(store.health().why, "");
  }
}

// The file is there whole or not at all, however early the end comes.
TEST(SqliteKill, NeverLeavesHalfAFile) {
  std::mt19937 random(10);
  test::TempDir directory{test::TempDir::Medium::memory};
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::string path = directory.path(std::to_string(round) + ".db");
    Child child([&](int pipe) { write_all(path, round, pipe); });
    const test::Stopwatch watch;
    const double moment = std::uniform_real_distribution<>(0, kSanitized ? 0.1 : 0.01)(random);
    while (watch.seconds() < moment) test::pause_between_looks(test::Milliseconds(0));
    child.kill();
    int last = -1;
    while (const auto number = child.hear()) last = *number;

    SqliteStore store({path, {}, ""});
    expect_all_until(last, store.load(), round);
    EXPECT_EQ(store.health().why, "");
    EXPECT_EQ(sample::commit(store, {put("z", "")}).kind, Outcome::Kind::durable);
  }
}

}  // namespace
}  // namespace sluice::registry
