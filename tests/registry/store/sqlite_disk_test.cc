// A disk that is full or fails: the store says so, loses nothing, and goes on when it is well
// again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "registry/store/sqlite.h"
#include "tests/registry/store/faulty_disk.h"
#include "tests/registry/store/sample.h"
#include "tests/support/process.h"

namespace sluice::registry {
namespace {

namespace fs = std::filesystem;

using sample::commit;
using sample::contents;
using sample::put;
using test::kSanitized;
using testing::ElementsAre;
using testing::Pair;

using Kind = Outcome::Kind;

class OnAFaultyDisk : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> make(SqliteOptions::Sync sync = SqliteOptions::Sync::full) const {
    constexpr std::chrono::milliseconds kNoPace{0};
    return std::make_unique<SqliteStore>(
        SqliteOptions{path, sync, test::FaultyDisk::kName, kNoPace});
  }

  // What another process would find if this one were killed now.
  std::map<std::string, std::string> found_after_a_kill() const {
    const test::TempDir other{test::TempDir::Medium::memory};
    for (const char* suffix : {"", "-wal"}) {
      if (fs::exists(path + suffix)) fs::copy(path + suffix, other.path(std::string("x") + suffix));
    }
    SqliteStore store({other.path("x"), {}, ""});
    const std::vector<Entry> entries = store.load();
    EXPECT_EQ(store.health().why, "");
    return contents(entries);
  }

  test::TempDir directory{test::TempDir::Medium::memory};
  const std::string path = directory.path("sluice.db");
  test::FaultyDisk disk;
};

TEST_F(OnAFaultyDisk, FullFailsTheWritesUntilThereIsSpaceAgain) {
  const auto store = make();
  store->load();
  ASSERT_EQ(commit(*store, {put("a", "1")}).kind, Kind::durable);

  disk.fail_writes(SQLITE_FULL);
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = commit(*store, {put("b", "2")});
    EXPECT_EQ(outcome.kind, Kind::failed);
    EXPECT_EQ(outcome.why, "cannot write " + path + ": disk is full");
  }
  StoreHealth health = store->health();
  EXPECT_FALSE(health.is_well);
  EXPECT_EQ(health.failures, 3u);
  EXPECT_EQ(health.transactions, 1u);
  EXPECT_EQ(health.why, "cannot write " + path + ": disk is full");
  EXPECT_THAT(found_after_a_kill(), ElementsAre(Pair("a", "1")));

  disk.heal();
  EXPECT_EQ(commit(*store, {put("c", "3")}).kind, Kind::durable);
  health = store->health();
  EXPECT_TRUE(health.is_well);
  EXPECT_EQ(health.why, "cannot write " + path + ": disk is full") << "the last failure";
  EXPECT_THAT(found_after_a_kill(), ElementsAre(Pair("a", "1"), Pair("c", "3")));
}

TEST_F(OnAFaultyDisk, FailedSyncsFailTheWrites) {
  const auto store = make();
  store->load();
  ASSERT_EQ(commit(*store, {put("a", "1")}).kind, Kind::durable);
  disk.fail_syncs(SQLITE_IOERR_FSYNC);
  EXPECT_EQ(commit(*store, {put("b", "2")}).kind, Kind::failed);
  EXPECT_EQ(store->health().why, "cannot write " + path + ": disk I/O error");
  disk.heal();
  EXPECT_EQ(commit(*store, {put("c", "3")}).kind, Kind::durable);
}

TEST_F(OnAFaultyDisk, ThatIsFullNoFileIsBegun) {
  const auto store = make();
  store->load();
  disk.fail_writes(SQLITE_FULL);
  const Outcome outcome = commit(*store, {put("a", "1")});
  EXPECT_EQ(outcome.why, "cannot write " + path + ": disk is full");
  EXPECT_TRUE(fs::is_empty(directory.root()));
  disk.heal();
  EXPECT_EQ(commit(*store, {put("b", "2")}).kind, Kind::durable);
  EXPECT_THAT(found_after_a_kill(), ElementsAre(Pair("b", "2")));
}

TEST_F(OnAFaultyDisk, ThatIsFullTheEntriesCanBeLoaded) {
  {
    const auto store = make();
    store->load();
    commit(*store, {put("a", "1")});
    disk.fail_writes(SQLITE_FULL);  // so that the log stays
  }
  ASSERT_GT(fs::file_size(path + "-wal"), 0u);
  const auto store = make();
  EXPECT_THAT(contents(store->load()), ElementsAre(Pair("a", "1")));
  EXPECT_EQ(commit(*store, {put("b", "2")}).kind, Kind::failed);
  disk.heal();
  EXPECT_EQ(commit(*store, {put("b", "2")}).kind, Kind::durable);
}

TEST_F(OnAFaultyDisk, ThatCannotBeReadNothingIsTakenForDamage) {
  {
    const auto store = make();
    store->load();
    commit(*store, {put("a", "1")});
  }
  disk.fail_reads(SQLITE_IOERR_READ);
  try {
    make()->load();
    ADD_FAILURE();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.what(), path + " cannot be used: Input/output error");
  }
  disk.heal();
  EXPECT_THAT(contents(make()->load()), ElementsAre(Pair("a", "1")));
}

// One operation fails, at each place in turn, from the making of the file on.
TEST_F(OnAFaultyDisk, OneFaultAnywhereLosesNothing) {
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
    for (int place = 0; place < (kSanitized ? 10 : 100); ++place) {
      SCOPED_TRACE("operation " + std::to_string(place));
      fs::remove_all(directory.root());
      fs::create_directory(directory.root());
      disk.fail_once_after(place, code);
      std::map<std::string, std::string> expected;
      {
        const auto store = make();
        store->load();
        for (int i = 0; i < 20; ++i) {
          const std::string id = std::to_string(i % 7);
          // At times a transaction of many pages, whose remains are longer than the next one.
          const std::string value(i % 5 == 0 ? 20'000 : 100, "ab"[i % 2]);
          if (commit(*store, {put(id, value)}).kind == Kind::durable) expected[id] = value;
          if (i % 6 == 5) {
            // The log is tended after an answer, and at most twice after a fault.
            for (int good = 0; good < 3;) {
              good = commit(*store, {}).kind == Kind::durable ? good + 1 : 0;
            }
            EXPECT_TRUE(found_after_a_kill() == expected) << i;
          }
        }
        EXPECT_LE(store->health().failures, 1u);
        EXPECT_TRUE(store->health().is_well);
      }
      disk.heal();
      const auto store = make();
      EXPECT_TRUE(contents(store->load()) == expected);
      EXPECT_EQ(store->health().why, "");
    }
  }
}

// The log cannot be moved into the file, but it can still be written.
TEST_F(OnAFaultyDisk, ALogThatCannotBeMovedGrowsAndIsToldOf) {
  const auto store = make(SqliteOptions::Sync::normal);  // syncs for the checkpoints alone
  store->load();
  commit(*store, {put("a", "1")});
  disk.fail_syncs(SQLITE_IOERR_FSYNC);
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(commit(*store, {put("a", std::string(20'000, "ab"[i % 2]))}).kind, Kind::durable);
  }
  store->write({put("b", "2")}, {});
  EXPECT_TRUE(test::eventually(
      [&] { return store->health().why.starts_with("cannot move the log into " + path + ": "); }));
  disk.heal();
  EXPECT_TRUE(test::eventually([&] {
    commit(*store, {put("a", std::string(20'000, 'c'))});
    return fs::file_size(path + "-wal") < 1 << 20;
  }));
  EXPECT_EQ(found_after_a_kill().size(), 2u);
}

}  // namespace
}  // namespace sluice::registry
