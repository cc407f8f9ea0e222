// Files that a disk, a hand or an enemy has changed: never a crash, never a wrong entry, and never
// one less without a word: Y09.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <string>

#include "registry/store/sqlite.h"
#include "registry/store/sqlite_log.h"
#include "tests/registry/store/sample.h"
#include "tests/support/process.h"

namespace sluice::registry {
namespace {

namespace fs = std::filesystem;

using sample::erase;
using sample::put;
using test::kSanitized;
using testing::HasSubstr;

constexpr int kEntries = 400;
const int kFlips = kSanitized ? 60 : 1'000;

class Damaged : public testing::Test {
 protected:
  // The files of a store with some history, as they are at its end, or at that of a killed one.
  Damaged() {
    {
      SqliteStore store({path, {}, ""});
      store.load();
      for (int i = 0; i < kEntries; ++i) write(store, i, 300);
      for (int i = 0; i < kEntries; i += 10) sample::commit(store, {erase(std::to_string(i))});
      write(store, 7, 20'000);
      for (int i = 0; i < kEntries; i += 20) write(store, i, 310);
    }
    file = test::read_file(path);
    SqliteStore store({path, {}, ""});
    whole = store.load();
    log_states.push_back(whole);
    for (int i = 1; i < 30; ++i) {
      write(store, i, 320);
      log_states.push_back(what_a_kill_leaves());
    }
    log = test::read_file(path + "-wal");
    with_log = log_states.back();
  }

  static void write(SqliteStore& store, int i, std::size_t length) {
    sample::commit(store, {put(std::to_string(i), std::string(length, "xyz"[i % 3]))});
  }

  std::vector<Entry> what_a_kill_leaves() const {
    const test::TempDir other{test::TempDir::Medium::memory};
    for (const char* suffix : {"", "-wal"}) {
      fs::copy(path + suffix, other.path(std::string("copy") + suffix));
    }
    SqliteStore store({other.path("copy"), {}, ""});
    return store.load();
  }

  // What became of a file.
  struct Result {
    std::vector<Entry> entries;
    std::string why;
    std::string refusal;
  };

  Result load(const std::string& file_bytes, const std::string& log_bytes) const {
    const test::TempDir other{test::TempDir::Medium::memory};
    const std::string copy = other.path("copy.db");
    place(copy, file_bytes);
    if (!log_bytes.empty()) place(copy + "-wal", log_bytes);
    Result result;
    try {
      SqliteStore store({copy, {}, ""});
      result.entries = store.load();
      result.why = store.health().why;
    } catch (const StoreError& error) {
      result.refusal = error.what();
    }
    const bool is_aside = fs::exists(copy + ".damaged-1");
    EXPECT_EQ(is_aside, !result.why.empty());
    if (is_aside) {
      EXPECT_TRUE(test::read_file(copy + ".damaged-1") == file_bytes) << "untouched";
      EXPECT_TRUE(test::read_file(copy + ".damaged-1-wal") == log_bytes);
      SqliteStore again({copy, {}, ""});
      EXPECT_EQ(again.load().size(), result.entries.size());
      EXPECT_EQ(again.health().why, "");
    } else if (!result.refusal.empty()) {
      EXPECT_TRUE(test::read_file(copy) == file_bytes) << "untouched";
    }
    return result;
  }

  static void place(const std::string& name, const std::string& bytes) {
    test::write_file(name, bytes);
    ::chmod(name.c_str(), 0600);
  }

  // All is right, or it is said that it is not; and no entry is one that never was.
  void expect_honest(const Result& result, const std::vector<Entry>& all) const {
    if (!result.refusal.empty()) return;
    if (result.why.empty()) {
      EXPECT_TRUE(result.entries == all) << "silently " << result.entries.size() << " entries";
      return;
    }
    EXPECT_FALSE(result.entries.empty());
    for (const Entry& entry : result.entries) EXPECT_TRUE(is_known(entry));
  }

  bool is_known(const Entry& entry) const {
    return std::ranges::any_of(log_states, [&](const std::vector<Entry>& state) {
      const auto found = std::ranges::lower_bound(state, entry.key, {}, &Entry::key);
      return found != state.end() && *found == entry;
    });
  }

  test::TempDir directory{test::TempDir::Medium::memory};
  const std::string path = directory.path("sluice.db");
  std::string file;          // closed well
  std::string log;           // what a killed store has beside it
  std::vector<Entry> whole;  // in `file`
  std::vector<Entry> with_log;
  std::vector<std::vector<Entry>> log_states;  // after each commit in `log`
};

TEST_F(Damaged, IsNotSaidOfAGoodFile) {
  const Result closed = load(file, "");
  EXPECT_TRUE(closed.entries == whole);
  EXPECT_EQ(closed.why, "");
  const Result killed = load(file, log);
  EXPECT_TRUE(killed.entries == with_log);
  EXPECT_EQ(killed.why, "");
}

TEST_F(Damaged, LosesOnlyTheEntryWhoseBytesChanged) {
  std::string bytes = file;
  const std::size_t at = bytes.find(std::string(200, 'x'));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 100] = 'X';
  const Result result = load(bytes, "");
  EXPECT_EQ(result.entries.size(), whole.size() - 1);
  EXPECT_THAT(result.why, HasSubstr("copy.db was damaged: 1 of " + std::to_string(whole.size()) +
                                    " entries were lost; the damaged file is kept as "));
}

TEST_F(Damaged, LosesOnlyAPageWhereAPageIsDestroyed) {
  const std::size_t step = kSanitized ? 16 * 4096 : 4096;
  int refused = 0;
  for (std::size_t page = 4096; page + 4096 <= file.size(); page += step) {
    SCOPED_TRACE("page at " + std::to_string(page));
    std::string bytes = file;
    bytes.replace(page, 4096, 4096, '\x5a');
    const Result result = load(bytes, "");
    expect_honest(result, whole);
    if (result.refusal.empty()) {
      EXPECT_GT(result.entries.size(), whole.size() * 9 / 10);
    } else {
      ++refused;
    }
  }
  EXPECT_LE(refused, 1) << "the page from which all others are found";
}

TEST_F(Damaged, LosesOnlyPagesWhereManyAreDestroyed) {
  std::string bytes = file;
  for (std::size_t page = 10; page * 4096 < bytes.size(); page += 8) {
    bytes.replace(page * 4096, 4096, 4096, '\0');
  }
  const Result result = load(bytes, "");
  expect_honest(result, whole);
  EXPECT_GT(result.entries.size(), whole.size() / 2);
}

TEST_F(Damaged, IsHonestWhereverABitFlips) {
  std::mt19937 random(4);
  int refused = 0;
  int repaired = 0;
  for (int i = 0; i < kFlips; ++i) {
    std::string bytes = file;
    const auto bit = std::uniform_int_distribution<std::size_t>(0, bytes.size() * 8 - 1)(random);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    SCOPED_TRACE("bit " + std::to_string(bit));
    const Result result = load(bytes, "");
    expect_honest(result, whole);
    refused += result.refusal.empty() ? 0 : 1;
    repaired += result.why.empty() ? 0 : 1;
  }
  EXPECT_LT(refused, kFlips / 20);
  EXPECT_GT(repaired, kFlips / 2);
}

TEST_F(Damaged, IsHonestAboutEachBitOfTheHeader) {
  for (std::size_t bit = 0; bit < (kSanitized ? 8 : 100 * 8); ++bit) {
    std::string bytes = file;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    SCOPED_TRACE("bit " + std::to_string(bit));
    expect_honest(load(bytes, ""), whole);
  }
}

TEST_F(Damaged, IsHonestWhereverABitOfTheLogFlips) {
  std::mt19937 random(5);
  for (int i = 0; i < kFlips / 3; ++i) {
    std::string bytes = log;
    const auto bit = std::uniform_int_distribution<std::size_t>(0, bytes.size() * 8 - 1)(random);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    SCOPED_TRACE("bit " + std::to_string(bit));
    const Result result = load(file, bytes);
    expect_honest(result, with_log);
    EXPECT_EQ(result.refusal, "");
    EXPECT_THAT(result.why, HasSubstr("what was written last may be lost"));
  }
}

TEST_F(Damaged, IsHonestWhereverItIsCutOff) {
  std::mt19937 random(6);
  std::set<std::size_t> lengths = {1, 15, 16, 99, 100, 101, 511, 512, 4095, 4096, 4097};
  while (lengths.size() < (kSanitized ? 20u : 200u)) {
    lengths.insert(std::uniform_int_distribution<std::size_t>(1, file.size() - 1)(random));
  }
  for (const std::size_t length : lengths) {
    SCOPED_TRACE("length " + std::to_string(length));
    const Result result = load(file.substr(0, length), "");
    expect_honest(result, whole);
    EXPECT_TRUE(result.entries.size() < whole.size() || !result.why.empty());
  }
}

// That the end of a log is missing nobody can know; but what is left is of one moment.
TEST_F(Damaged, IsOfOneMomentWhereverItsLogIsCutOff) {
  std::mt19937 random(7);
  for (int i = 0; i < (kSanitized ? 20 : 200); ++i) {
    const auto length = std::uniform_int_distribution<std::size_t>(1, log.size())(random);
    SCOPED_TRACE("length " + std::to_string(length));
    const Result result = load(file, log.substr(0, length));
    EXPECT_EQ(result.why, "");
    EXPECT_NE(std::ranges::find(log_states, result.entries), log_states.end());
  }
}

TEST_F(Damaged, IsRefusedIfNothingCanBeRead) {
  EXPECT_THAT(load(std::string(file.size(), '\0'), "").refusal,
              HasSubstr("its beginning is destroyed, or it is not a file of this program"));
  std::string bytes = file;
  bytes.replace(4096, std::string::npos, file.size() - 4096, '\0');
  EXPECT_THAT(load(bytes, "").refusal, HasSubstr("nothing in it can be read; restore it"));
}

TEST_F(Damaged, GoesOnWithRevisionsBeyondWhatWasLost) {
  const std::string copy = directory.path("copy.db");
  std::string bytes = log;
  bytes[bytes.size() - 1000] ^= 1;
  place(copy, file);
  place(copy + "-wal", bytes);
  SqliteStore store({copy, {}, ""});
  EXPECT_LT(store.load().size(), with_log.size() + 1);
  std::uint64_t highest = 0;
  for (const Entry& entry : with_log) highest = std::max(highest, entry.revision);
  EXPECT_GT(sample::commit(store, {put("new", "")}).revision, highest);
}

TEST_F(Damaged, KeepsEachDamagedFile) {
  std::string bytes = file;
  bytes[bytes.find(std::string(200, 'x')) + 100] = 'X';
  const std::string copy = directory.path("copy.db");
  for (const char* aside : {".damaged-1", ".damaged-2", ".damaged-3"}) {
    place(copy, bytes);
    SqliteStore store({copy, {}, ""});
    store.load();
    EXPECT_TRUE(store.health().why.ends_with("kept as " + copy + aside)) << store.health().why;
    EXPECT_TRUE(test::read_file(copy + aside) == bytes);
  }
}

TEST_F(Damaged, LogOfNoLengthOrNoFileIsWhole) {
  EXPECT_TRUE(sqlite::is_log_whole(directory.path("missing")));
  test::write_file(directory.path("empty"), "");
  EXPECT_TRUE(sqlite::is_log_whole(directory.path("empty")));
}

}  // namespace
}  // namespace sluice::registry
