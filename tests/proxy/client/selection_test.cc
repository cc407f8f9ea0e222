#include "proxy/client/selection.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::client {
namespace {

std::shared_ptr<const Instance> instance(const std::string& id, const std::string& address,
                                         Verdict verdict = Verdict::eligible,
                                         std::uint32_t weight = 1) {
  Instance made;
  made.id = id;
  made.address = address;
  made.port = 80;
  made.verdict = verdict;
  made.weight = weight;
  return std::make_shared<const Instance>(made);
}

const auto kA = instance("a", "10.0.0.1");
const auto kB = instance("b", "10.0.0.2");
const auto kC = instance("c", "10.0.0.3");

std::string picked(Selection& selection, const std::string& key = "",
                   const std::vector<std::string>& tried = {}) {
  const Selection::Choice choice = selection.pick(key, tried);
  return choice.instance ? choice.instance->id : "nobody";
}

TEST(Selection, NobodyIsThereAtFirst) {
  Selection selection(Discoverer::Policy::least_connections);
  EXPECT_EQ(picked(selection), "nobody");
  EXPECT_TRUE(selection.entries().empty());
}

TEST(Selection, CountsAPlaceForAsLongAsItIsHeld) {
  Selection selection(Discoverer::Policy::least_connections);
  selection.show({kA, kB});
  Selection::Choice first = selection.pick("", {});
  const Selection::Choice second = selection.pick("", {});
  EXPECT_NE(first.instance->id, second.instance->id);
  const std::string freed = first.instance->id;
  first.token.release();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(picked(selection), freed);
}

TEST(Selection, AnInstanceKeepsItsCountWhileItsAddressIsTheSame) {
  Selection selection(Discoverer::Policy::least_connections);
  selection.show({kA});
  const Selection::Choice held = selection.pick("", {});
  selection.show({instance("a", "10.0.0.1", Verdict::eligible, 1), kB, kC});
  EXPECT_NE(picked(selection), "a") << "one on it, and none on the others";
  selection.show({instance("a", "10.0.0.9"), kB});
  std::map<std::string, int> picks;
  for (int i = 0; i < 20; ++i) ++picks[picked(selection)];
  EXPECT_GT(picks["a"], 0) << "another address, another count";
}

TEST(Selection, FollowsVerdictsWithoutABalancerOfItsOwn) {
  Selection selection(Discoverer::Policy::first);
  selection.show({kA, kB});
  EXPECT_EQ(picked(selection), "a");
  selection.show({instance("a", "10.0.0.1", Verdict::never), kB});
  EXPECT_EQ(picked(selection), "b");
  selection.show(
      {instance("a", "10.0.0.1", Verdict::last_resort), instance("b", "10.0.0.2", Verdict::never)});
  EXPECT_EQ(picked(selection), "a") << "nobody else is left";
  selection.show({instance("a", "10.0.0.1", Verdict::eligible, 0)});
  EXPECT_EQ(picked(selection), "nobody");
}

TEST(Selection, PassesOverWhoWasTriedWhileThereAreOthers) {
  Selection selection(Discoverer::Policy::first);
  selection.show({kA, kB});
  EXPECT_EQ(picked(selection, "", {"a"}), "b");
  EXPECT_EQ(picked(selection, "", {"a", "b", "unknown"}), "a");
}

TEST(Selection, HashingSendsAKeyToOneInstance) {
  for (const auto policy : {Discoverer::Policy::hash, Discoverer::Policy::maglev}) {
    Selection selection(policy);
    selection.show({kA, kB, kC});
    std::map<std::string, int> keys_of;
    for (int i = 0; i < 64; ++i) {
      const std::string key = "192.0.2." + std::to_string(i);
      const std::string where = picked(selection, key);
      ++keys_of[where];
      EXPECT_EQ(picked(selection, key), where);
    }
    EXPECT_EQ(keys_of.size(), 3u);
  }
}

TEST(Selection, APlaceOutlivesItsInstance) {
  Selection selection(Discoverer::Policy::random);
  selection.show({kA});
  Selection::Choice held = selection.pick("", {});
  selection.show({});
  EXPECT_EQ(held.instance->id, "a");
  held.token.release();
}

}  // namespace
}  // namespace sluice::client
