#include "registry/store/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "tests/registry/store/child.h"
#include "tests/registry/store/sample.h"
#include "tests/support/process.h"

namespace sluice::registry {
namespace {

namespace fs = std::filesystem;

using sample::Answers;
using sample::commit;
using sample::contents;
using sample::put;
using test::kSanitized;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class SqliteFile : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> make() const {
    return std::make_unique<SqliteStore>(SqliteOptions{path, SqliteOptions::Sync::normal, ""});
  }

  // The entries, by id.
  std::map<std::string, std::string> loaded() const { return contents(make()->load()); }

  // A file with the entry a=1.
  void write_one() const {
    const auto store = make();
    store->load();
    commit(*store, {put("a", "1")});
  }

  std::string refusal() const {
    try {
      make()->load();
      return "";
    } catch (const StoreError& error) {
      return error.what();
    }
  }

  // Changes the file by SQL.
  void alter(const char* sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory.root())) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  test::TempDir directory{test::TempDir::Medium::memory};
  const std::string path = directory.path("sluice.db");
};

TEST_F(SqliteFile, IsMadeAtTheFirstWriteForItsOwnerAlone) {
  const auto store = make();
  EXPECT_THAT(store->load(), IsEmpty());
  EXPECT_THAT(names(), IsEmpty());
  const mode_t before = ::umask(0);
  EXPECT_EQ(commit(*store, {put("a", "1")}).kind, Outcome::Kind::durable);
  ::umask(before);
  EXPECT_THAT(names(), ElementsAre("sluice.db", "sluice.db-wal"));
  for (const std::string& name : names()) {
    struct stat status{};
    ASSERT_EQ(::stat(directory.path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u) << name;
  }
}

TEST_F(SqliteFile, IsAloneAfterTheEnd) {
  write_one();
  EXPECT_THAT(names(), ElementsAre("sluice.db"));
  EXPECT_THAT(loaded(), ElementsAre(Pair("a", "1")));
}

TEST_F(SqliteFile, IsMadeAlsoWhereAnotherProcessWasKilledAtIt) {
  test::write_file(path + ".new", "half");
  test::write_file(path + ".new-wal", "a file");
  write_one();
  EXPECT_THAT(names(), ElementsAre("sluice.db"));
}

TEST_F(SqliteFile, IsNotMadeOverOneThatAppeared) {
  const auto late = make();
  late->load();
  write_one();
  const Outcome outcome = commit(*late, {put("b", "2")});
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_THAT(outcome.why, HasSubstr("somebody else has made it since the start; restart"));
  EXPECT_THAT(loaded(), ElementsAre(Pair("a", "1")));
}

TEST_F(SqliteFile, NeedsADirectory) {
  SqliteStore store({directory.path("missing/sluice.db"), {}, ""});
  EXPECT_THROW(store.load(), StoreError);
}

// Whoever registers nothing needs no store, so a start there is no failure.
TEST_F(SqliteFile, ThatCannotBeMadeIsNoErrorBeforeAWrite) {
  fs::permissions(directory.root(), fs::perms(0555));
  const uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? 65534 : user), 0);  // root may write anywhere
  Outcome outcome;
  std::string warning;
  {
    const auto store = make();
    EXPECT_THAT(store->load(), IsEmpty());
    warning = store->health().why;
    outcome = commit(*store, {put("a", "1")});
  }
  ASSERT_EQ(::seteuid(user), 0);
  EXPECT_EQ(warning, path +
                         " cannot be made, so no registration will survive a restart: "
                         "Permission denied");
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_THAT(outcome.why, HasSubstr(path));
}

TEST_F(SqliteFile, MayLieInADirectoryThatIsALink) {
  write_one();
  const test::TempDir other{test::TempDir::Medium::memory};
  fs::create_directory_symlink(directory.root(), other.path("link"));
  SqliteStore store({other.path("link/sluice.db"), {}, ""});
  EXPECT_THAT(contents(store.load()), ElementsAre(Pair("a", "1")));
}

TEST_F(SqliteFile, IsRefusedAsALink) {
  write_one();
  fs::rename(path, directory.path("elsewhere"));
  fs::create_symlink("elsewhere", path);
  EXPECT_EQ(refusal(), path + " cannot be used: it is a symbolic link; name the file itself");
  fs::remove(directory.path("elsewhere"));
  EXPECT_THAT(refusal(), HasSubstr("symbolic link")) << "also one that leads nowhere";
}

TEST_F(SqliteFile, IsRefusedIfItsLogIsALink) {
  write_one();
  test::write_file(directory.path("elsewhere"), "");
  fs::create_symlink("elsewhere", path + "-wal");
  EXPECT_THAT(refusal(), HasSubstr("its log is a symbolic link"));
}

TEST_F(SqliteFile, IsRefusedIfOthersMayWriteIt) {
  write_one();
  for (const mode_t mode : {0620, 0602, 0666}) {
    ::chmod(path.c_str(), mode);
    EXPECT_THAT(refusal(), HasSubstr("may be written by others than its owner; chmod it to 0600"));
  }
  ::chmod(path.c_str(), 0640);
  EXPECT_EQ(refusal(), "");
}

TEST_F(SqliteFile, IsRefusedIfItIsAnothersUsers) {
  write_one();
  if (::chown(path.c_str(), 65534, 65534) != 0) return;  // only root can give files away
  EXPECT_THAT(refusal(), HasSubstr("it belongs to another user (65534)"));
}

TEST_F(SqliteFile, IsRefusedIfItIsEmpty) {
  test::write_file(path, "");
  ::chmod(path.c_str(), 0600);
  EXPECT_THAT(refusal(), HasSubstr("cannot be used: it is empty, which no file of ours ever is"));
}

TEST_F(SqliteFile, IsRefusedIfItIsADirectory) {
  fs::create_directory(path);
  EXPECT_THAT(refusal(), HasSubstr("it is no regular file"));
}

TEST_F(SqliteFile, IsRefusedIfOnlyItsLogIsThere) {
  test::write_file(path + "-wal", "promises");
  EXPECT_THAT(refusal(), HasSubstr("it is missing, but its log is there"));
}

TEST_F(SqliteFile, IsRefusedIfItIsNotOurs) {
  write_one();
  alter("PRAGMA application_id = 4711");
  EXPECT_THAT(refusal(), EndsWith("it is not a file of this program; name another one, or move it "
                                  "away"));
  test::write_file(path, "listeners:\n  - {bind: \"0.0.0.0:5432\", service: pg}\n");
  EXPECT_THAT(refusal(), HasSubstr("it is not a file of this program"));
}

TEST_F(SqliteFile, IsRefusedIfItIsOfANewerFormat) {
  write_one();
  alter("PRAGMA user_version = 2");
  EXPECT_THAT(refusal(),
              EndsWith("it has format 2, and this program knows format 1 only; start the "
                       "newer program that wrote it"));
}

TEST_F(SqliteFile, ExecutesNothing) {
  write_one();
  alter("CREATE TRIGGER evil AFTER INSERT ON entry BEGIN DELETE FROM ledger; END");
  const auto store = make();
  EXPECT_THAT(contents(store->load()), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(store->health().why, HasSubstr("was damaged: all 1 entries were saved"));
}

TEST_F(SqliteFile, IsUsedByOneProcessAtATime) {
  write_one();
  test::Child other([this](int pipe) {
    const auto store = make();
    store->load();
    test::Child::say(pipe, 1);
    test::Child::wait_for_end();
  });
  ASSERT_EQ(other.hear(), 1);
  EXPECT_EQ(refusal(), path + " cannot be used: it is in use by another process");
  other.kill();
  EXPECT_THAT(loaded(), ElementsAre(Pair("a", "1")));
}

TEST_F(SqliteFile, ThatIsTakenAwayFailsTheWrites) {
  const auto store = make();
  store->load();
  commit(*store, {put("a", "1")});
  fs::rename(path, directory.path("elsewhere"));
  const Outcome outcome = commit(*store, {put("b", "2")});
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.why,
            "cannot write " + path + ": it was removed or replaced while in use; restart");
  fs::rename(directory.path("elsewhere"), path);
  EXPECT_EQ(commit(*store, {put("c", "3")}).kind, Outcome::Kind::durable);
}

TEST_F(SqliteFile, HasALogThatDoesNotGrow) {
  const int kTransactions = kSanitized ? 5'000 : 50'000;
  Answers answers;
  const auto store = make();
  store->load();
  std::uintmax_t longest = 0;
  for (int i = 0; i < kTransactions; ++i) {
    store->write({put(std::to_string(i % 5'000), std::string(300, "ab"[i % 2]))}, answers.to(i));
    if (i % 1'000 != 999) continue;
    answers.wait(static_cast<std::size_t>(i) + 1);
    longest = std::max(longest, fs::file_size(path + "-wal"));
  }
  EXPECT_GT(longest, 0u);
  EXPECT_LT(longest, std::uintmax_t{16} << 20);
}

class SqlitePace : public SqliteFile {
 protected:
  std::unique_ptr<SqliteStore> open(std::chrono::milliseconds pace) const {
    SqliteOptions options;
    options.path = path;
    options.pace = pace;
    auto store = std::make_unique<SqliteStore>(options);
    store->load();
    return store;
  }

  Answers answers;  // outlives the store
};

TEST_F(SqlitePace, IsKeptByFewThatFollowEachOther) {
  constexpr std::chrono::milliseconds kPace{5};
  const auto store = open(kPace);
  const auto began = std::chrono::steady_clock::now();
  constexpr int kCommits = 10;
  for (int i = 0; i < kCommits; ++i) commit(*store, {put("a", std::to_string(i))});
  EXPECT_GE(std::chrono::steady_clock::now() - began, (kCommits - 1) * kPace);
  EXPECT_EQ(store->health().commits, std::uint64_t{kCommits});
}

// The first waits for nothing, the others for each other, and enough of them for nothing more.
TEST_F(SqlitePace, HoldsUpNeitherOneAloneNorMany) {
  const auto store = open(std::chrono::hours(1));
  commit(*store, {put("first", "1")});
  for (std::size_t i = 0; i < SqliteStore::kWorthACommit; ++i) {
    store->write({put(std::to_string(i), "1")}, answers.to(static_cast<int>(i)));
  }
  EXPECT_EQ(answers.wait(SqliteStore::kWorthACommit).size(), SqliteStore::kWorthACommit);
  EXPECT_EQ(store->health().commits, 2u);
}

TEST_F(SqlitePace, DoesNotHoldUpTheEnd) {
  {
    const auto store = open(std::chrono::hours(1));
    commit(*store, {put("a", "1")});
    store->write({put("b", "2")}, answers.to(0));
  }
  EXPECT_EQ(answers.all().size(), 1u);
  EXPECT_THAT(loaded(), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

// A repair is done in steps, and a process may be killed between any two.
TEST_F(SqliteFile, CompletesARepairThatWasInterrupted) {
  write_one();
  const std::string repaired = test::read_file(path);
  const auto place = [](const std::string& name, const std::string& text) {
    test::write_file(name, text);
    ::chmod(name.c_str(), 0600);
  };
  for (int steps = 0; steps < 3; ++steps) {
    fs::remove_all(directory.root());
    fs::create_directory(directory.root());
    place(path + ".repaired", repaired);
    place(path + (steps < 1 ? "" : ".damaged-1"), "damaged");
    place(path + (steps < 2 ? "-wal" : ".damaged-1-wal"), "its log");
    {
      const auto store = make();
      EXPECT_THAT(contents(store->load()), ElementsAre(Pair("a", "1")));
      EXPECT_EQ(store->health().why,
                path + " was damaged and has been repaired; the damaged file is kept as " + path +
                    ".damaged-1");
    }
    EXPECT_THAT(names(),
                ElementsAre("sluice.db", "sluice.db.damaged-1", "sluice.db.damaged-1-wal"));
    EXPECT_EQ(test::read_file(path + ".damaged-1"), "damaged");
    EXPECT_EQ(test::read_file(path + ".damaged-1-wal"), "its log");
  }
}

}  // namespace
}  // namespace sluice::registry
