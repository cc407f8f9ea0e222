#include "registry/store/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/registry/store/sample.h"

namespace sluice::registry {
namespace {

using namespace std::chrono_literals;
using sample::commit;
using sample::contents;
using sample::erase;
using sample::key;
using sample::put;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Two proxies on one store; `theirs` hears what `ours` does.
class TwoStores : public testing::Test {
 protected:
  TwoStores() {
    commit(ours, {put("old", "0")});
    theirs.listen([this](const News& news) { heard.push_back(news); });
  }

  News heard_last() {
    if (heard.empty()) return {};
    News last = heard.back();
    heard.clear();
    return last;
  }

  std::shared_ptr<MemorySpace> space = std::make_shared<MemorySpace>();
  MemoryStore ours{space};
  MemoryStore theirs{space};
  std::vector<News> heard;
};

TEST_F(TwoStores, AListenerHearsFirstWhatIsThere) {
  const News news = heard_last();
  EXPECT_TRUE(news.complete);
  EXPECT_THAT(contents(news.entries), ElementsAre(Pair("old", "0")));
}

TEST_F(TwoStores, HearEachOtherAndNotThemselves) {
  heard.clear();
  commit(theirs, {put("mine", "1")});
  EXPECT_THAT(heard, IsEmpty());

  const std::uint64_t revision = commit(ours, {put("a", "1"), erase("old")}).revision;
  const News news = heard_last();
  EXPECT_FALSE(news.complete);
  EXPECT_THAT(news.entries, ElementsAre(Entry{key("a"), "1", revision}));
  EXPECT_THAT(news.erased, ElementsAre(key("old")));
  EXPECT_THAT(contents(theirs.load()), ElementsAre(Pair("a", "1"), Pair("mine", "1")));
}

TEST_F(TwoStores, AConflictIsNoNews) {
  heard.clear();
  EXPECT_EQ(commit(ours, {put("old", "1", 0)}).kind, Outcome::Kind::conflict);
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(TwoStores, HearNothingWithoutAListener) {
  theirs.listen({});
  heard.clear();
  commit(ours, {put("a", "1")});
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(TwoStores, ALeaseEndsUnlessItIsRenewed) {
  Write left = put("left", "1");
  Write kept = put("kept", "1");
  left.ttl = kept.ttl = 100ms;
  commit(ours, {left, kept});
  space->advance(99);
  ours.renew(key("kept"));
  heard.clear();
  space->advance(100);
  EXPECT_THAT(heard_last().erased, ElementsAre(key("left")));
  EXPECT_THAT(contents(ours.load()), ElementsAre(Pair("kept", "1"), Pair("old", "0")));
  space->advance(199);
  EXPECT_THAT(heard_last().erased, ElementsAre(key("kept")));
}

TEST_F(TwoStores, ANewWriteIsANewLease) {
  Write write = put("a", "1");
  write.ttl = 100ms;
  commit(ours, {write});
  space->advance(60);
  commit(ours, {write});
  space->advance(150);
  EXPECT_THAT(contents(ours.load()), ElementsAre(Pair("a", "1"), Pair("old", "0")));
  commit(ours, {put("a", "2")});
  space->advance(1'000'000);
  EXPECT_THAT(contents(ours.load()), ElementsAre(Pair("a", "2"), Pair("old", "0")));
}

TEST_F(TwoStores, OneThatIsGoneHearsNothing) {
  auto third = std::make_unique<MemoryStore>(space);
  third->listen([](const News& news) { EXPECT_TRUE(news.complete); });
  third.reset();
  commit(ours, {put("a", "1")});
}

TEST(MemoryStore, AloneHasNoNews) {
  MemoryStore store;
  store.listen([](const News&) { ADD_FAILURE(); });
  commit(store, {put("a", "1")});
  EXPECT_THAT(contents(store.load()), ElementsAre(Pair("a", "1")));
}

}  // namespace
}  // namespace sluice::registry
