// What every driver of the interface in store.h does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "registry/store/memory.h"
#include "registry/store/sqlite.h"
#include "tests/registry/store/sample.h"
#include "tests/support/process.h"

namespace sluice::registry {
namespace {

using sample::Answers;
using sample::commit;
using sample::contents;
using sample::erase;
using sample::put;
using test::kSanitized;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Kind = Outcome::Kind;

// A driver, and how a store of it is opened again over what was written before.
struct Driver {
  const char* name;
  std::function<std::function<std::unique_ptr<Store>()>(const test::TempDir&)> opener;
};

auto on_sqlite(SqliteOptions::Sync sync) {
  return [sync](const test::TempDir& directory) {
    return [sync, path = directory.path("sluice.db")] {
      return std::make_unique<SqliteStore>(SqliteOptions{path, sync, ""});
    };
  };
}

const Driver kDrivers[] = {
    {"memory",
     [](const test::TempDir&) {
       return [space = std::make_shared<MemorySpace>()] {
         return std::make_unique<MemoryStore>(space);
       };
     }},
    {"sqlite_normal", on_sqlite(SqliteOptions::Sync::normal)},
    {"sqlite_full", on_sqlite(SqliteOptions::Sync::full)},
};

class StoreContract : public testing::TestWithParam<Driver> {
 protected:
  StoreContract() { reopen(); }

  // Closes the store, if there is one, and opens it again.
  void reopen() {
    store.reset();
    store = open_();
    loaded = store->load();
  }

 private:
  test::TempDir directory_;
  std::function<std::unique_ptr<Store>()> open_ = GetParam().opener(directory_);

 protected:
  std::unique_ptr<Store> store;
  std::vector<Entry> loaded;  // when it was opened last
};

INSTANTIATE_TEST_SUITE_P(Drivers, StoreContract, testing::ValuesIn(kDrivers),
                         [](const auto& driver) { return std::string(driver.param.name); });

TEST_P(StoreContract, BeginsEmpty) {
  EXPECT_THAT(loaded, IsEmpty());
  EXPECT_TRUE(store->health().is_well);
  EXPECT_EQ(store->health().why, "");
}

TEST_P(StoreContract, KeepsWhatIsWritten) {
  EXPECT_EQ(commit(*store, {put("a", "1")}).kind, Kind::durable);
  EXPECT_EQ(commit(*store, {put("b", "2")}).kind, Kind::durable);
  EXPECT_EQ(commit(*store, {put("a", "3")}).kind, Kind::durable);
  reopen();
  EXPECT_THAT(contents(loaded), ElementsAre(Pair("a", "3"), Pair("b", "2")));
}

TEST_P(StoreContract, LoadsInTheOrderOfTheKeys) {
  const Key keys[] = {
      {"", "", ""}, {"a", "", "z"}, {"a", "b", "a"}, {"a", "b", "b"}, {"b", "", ""}};
  for (const int i : {3, 0, 4, 2, 1}) commit(*store, {put(keys[i], std::to_string(i))});
  reopen();
  ASSERT_EQ(loaded.size(), std::size(keys));
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    EXPECT_EQ(loaded[i].key, keys[i]);
    EXPECT_EQ(loaded[i].value, std::to_string(i));
  }
}

TEST_P(StoreContract, ErasesAndErasingWhatIsNotThereIsFine) {
  commit(*store, {put("a", "1"), put("b", "2")});
  EXPECT_EQ(commit(*store, {erase("a"), erase("nobody")}).kind, Kind::durable);
  reopen();
  EXPECT_THAT(contents(loaded), ElementsAre(Pair("b", "2")));
}

TEST_P(StoreContract, RevisionsGrowAlsoOverAnErasureAndARestart) {
  std::uint64_t last = 0;
  for (const Transaction& transaction :
       {Transaction{put("a", "1")}, {put("b", "2"), put("c", "3")}, {erase("c")}, {erase("b")}}) {
    const Outcome outcome = commit(*store, transaction);
    EXPECT_GT(outcome.revision, last);
    last = outcome.revision;
  }
  reopen();
  EXPECT_GT(commit(*store, {put("d", "4")}).revision, last);
}

TEST_P(StoreContract, AnEntryHasTheRevisionOfItsTransaction) {
  const std::uint64_t first = commit(*store, {put("a", "1"), put("b", "1")}).revision;
  const std::uint64_t second = commit(*store, {put("b", "2")}).revision;
  reopen();
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded[0].revision, first);
  EXPECT_EQ(loaded[1].revision, second);
}

TEST_P(StoreContract, ComparesAndSets) {
  const std::uint64_t first = commit(*store, {put("a", "1", 0)}).revision;
  EXPECT_EQ(commit(*store, {put("a", "x", 0)}).kind, Kind::conflict) << "it exists";
  EXPECT_EQ(commit(*store, {put("a", "x", first + 1)}).kind, Kind::conflict);
  EXPECT_EQ(commit(*store, {put("b", "x", first)}).kind, Kind::conflict) << "it does not exist";
  EXPECT_EQ(commit(*store, {erase("a", first + 1)}).kind, Kind::conflict);
  const Outcome second = commit(*store, {put("a", "2", first)});
  EXPECT_EQ(second.kind, Kind::durable);
  EXPECT_EQ(commit(*store, {erase("a", first)}).kind, Kind::conflict) << "of before";
  reopen();
  EXPECT_THAT(contents(loaded), ElementsAre(Pair("a", "2")));
  EXPECT_EQ(commit(*store, {erase("a", second.revision)}).kind, Kind::durable);
  EXPECT_EQ(commit(*store, {put("a", "3", 0)}).kind, Kind::durable) << "it is gone";
  EXPECT_EQ(store->health().failures, 0u) << "a conflict is none";
}

TEST_P(StoreContract, ATransactionTakesPlaceWholeOrNotAtAll) {
  commit(*store, {put("a", "1"), put("b", "1")});
  EXPECT_EQ(commit(*store, {put("a", "2"), erase("b"), put("c", "2"), put("d", "2", 77)}).kind,
            Kind::conflict);
  reopen();
  EXPECT_THAT(contents(loaded), ElementsAre(Pair("a", "1"), Pair("b", "1")));
}

TEST_P(StoreContract, AConflictHoldsUpNoneOfTheOthers) {
  Answers answers;
  for (int i = 0; i < 100; ++i) {
    store->write({put(std::to_string(i % 10), std::to_string(i), i < 10 ? 0 : 1'000'000)},
                 answers.to(i));
  }
  const auto all = answers.wait(100);
  for (const auto& [number, outcome] : all) {
    EXPECT_EQ(outcome.kind, number < 10 ? Kind::durable : Kind::conflict);
  }
  store.reset();
}

TEST_P(StoreContract, AnswersEachOnceAndInOrder) {
  const std::size_t transactions = kSanitized ? 500 : 5'000;
  Answers answers;
  for (std::size_t i = 0; i < transactions; ++i) {
    store->write({put(std::to_string(i), "x")}, answers.to(static_cast<int>(i)));
  }
  store.reset();  // completes what was handed to it
  const auto all = answers.all();
  ASSERT_EQ(all.size(), transactions);
  std::uint64_t revision = 0;
  for (std::size_t i = 0; i < transactions; ++i) {
    EXPECT_EQ(all[i].number, static_cast<int>(i));
    EXPECT_EQ(all[i].outcome.kind, Kind::durable);
    EXPECT_GT(all[i].outcome.revision, revision);
    revision = all[i].outcome.revision;
  }
  reopen();
  EXPECT_EQ(loaded.size(), transactions);
}

TEST_P(StoreContract, TakesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i);
  const std::string letters = "\x01\xff\xc3\xa4'\"\n%";
  commit(*store, {put({letters, letters, letters}, bytes), put("empty", "")});
  reopen();
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded[0].key, (Key{letters, letters, letters}));
  EXPECT_EQ(loaded[0].value, bytes);
  EXPECT_EQ(loaded[1].value, "");
}

TEST_P(StoreContract, TakesLongKeysAndBigValues) {
  const std::string name(255, 'n');
  const std::string value(1 << 20, 'v');
  Answers answers;
  for (int i = 0; i < 8; ++i) {
    store->write({put({name, name, name.substr(1) + std::to_string(i)}, value)}, answers.to(i));
  }
  for (const auto& [number, outcome] : answers.wait(8)) EXPECT_EQ(outcome.kind, Kind::durable);
  reopen();
  ASSERT_EQ(loaded.size(), 8u);
  for (const Entry& entry : loaded) EXPECT_TRUE(entry.value == value);
}

TEST_P(StoreContract, ATransactionOfNothingIsDurable) {
  EXPECT_EQ(commit(*store, {}).kind, Kind::durable);
  reopen();
  EXPECT_THAT(loaded, IsEmpty());
}

TEST_P(StoreContract, AnswersNobodyIfNobodyAsks) {
  store->write({put("a", "1")}, {});
  reopen();
  EXPECT_THAT(contents(loaded), ElementsAre(Pair("a", "1")));
}

TEST_P(StoreContract, CountsWhatItDid) {
  commit(*store, {put("a", "1"), put("b", "1")});
  commit(*store, {put("a", "2")});
  commit(*store, {put("a", "3", 0)});
  const StoreHealth health = store->health();
  EXPECT_TRUE(health.is_well);
  EXPECT_EQ(health.transactions, 2u);
  EXPECT_EQ(health.commits, 2u);
  EXPECT_EQ(health.failures, 0u);
}

// Random transactions, some with conditions, beside a map that does the same.
TEST_P(StoreContract, DoesWhatAMapDoes) {
  const int kTransactions = kSanitized ? 1'000 : 10'000;
  std::mt19937 random(20261121);
  const auto below = [&](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
  struct Expected {
    std::string value;
    std::uint64_t revision;
  };
  std::map<Key, Expected> model;
  std::uint64_t revision = 0;
  Answers answers;
  std::vector<Kind> expected;

  for (int i = 0; i < kTransactions; ++i) {
    Transaction transaction;
    std::map<Key, Expected> after = model;
    bool holds = true;
    for (int writes = 1 + below(3); writes > 0; --writes) {
      Write write = put(std::to_string(below(40)), std::string(below(600), "abc"[i % 3]));
      if (below(4) == 0) write.value.reset();
      const auto found = model.find(write.key);
      const std::uint64_t is = found == model.end() ? 0 : found->second.revision;
      if (below(3) == 0) write.if_revision = below(4) == 0 ? is + 1 : is;
      holds = holds && write.if_revision.value_or(is) == is;
      if (write.value) {
        after[write.key] = {*write.value, revision + 1};
      } else {
        after.erase(write.key);
      }
      transaction.push_back(std::move(write));
    }
    expected.push_back(holds ? Kind::durable : Kind::conflict);
    if (holds) {
      model = std::move(after);
      ++revision;  // as the drivers here count: by transactions
    }
    store->write(std::move(transaction), answers.to(i));
    if (below(kTransactions / 4) == 0) reopen();
  }
  reopen();

  const auto all = answers.all();
  ASSERT_EQ(all.size(), expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].outcome.kind, expected[i]) << i;
  ASSERT_EQ(loaded.size(), model.size());
  for (const Entry& entry : loaded) {
    EXPECT_EQ(entry.value, model.at(entry.key).value);
    EXPECT_EQ(entry.revision, model.at(entry.key).revision);
  }
}

}  // namespace
}  // namespace sluice::registry
