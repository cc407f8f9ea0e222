#include "registry/directory.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::registry {
namespace {

struct Thing {
  std::string name;
  int version = 0;
};
using Things = Directory<Thing, &Thing::name>;
using Map = std::map<std::string, std::shared_ptr<const Thing>>;

void expect_equal(const Things& things, const Map& model) {
  ASSERT_EQ(things.size(), model.size());
  auto expected = model.begin();
  for (const auto& value : things) {
    EXPECT_EQ(value->name, expected->first);
    EXPECT_EQ(value, expected->second);
    ++expected;
  }
}

std::set<std::string> differences(const Things& now, const Things& before) {
  std::set<std::string> names;
  now.differences(before, [&](const std::string& name) {
    EXPECT_TRUE(names.insert(name).second) << name << " is told once";
  });
  return names;
}

TEST(Directory, IsEmptyAtFirst) {
  const Things things;
  EXPECT_TRUE(things.empty());
  EXPECT_EQ(things.find("a"), nullptr);
  EXPECT_EQ(things.begin(), things.end());
  EXPECT_TRUE(differences(things, things).empty());
}

// Against a map, version by version; a version that was copied stays as it was.
TEST(Directory, AgreesWithAMapAndNamesWhatDiffers) {
  std::mt19937 random(20'240'229);
  Things things, before;
  Map model, model_before;
  for (int round = 0; round < 300; ++round) {
    const auto changes = random() % 8;
    for (unsigned i = 0; i < changes; ++i) {
      const std::string name = "s" + std::to_string(random() % 400);
      if (random() % 4 != 0) {
        const auto thing = std::make_shared<const Thing>(Thing{name, round});
        things.put(thing);
        model[name] = thing;
      } else {
        things.erase(name);
        model.erase(name);
      }
    }
    expect_equal(things, model);
    expect_equal(before, model_before);
    std::set<std::string> expected;
    for (const auto& [name, value] : model) {
      const auto at = model_before.find(name);
      if (at == model_before.end() || at->second != value) expected.insert(name);
    }
    for (const auto& [name, value] : model_before) {
      if (!model.contains(name)) expected.insert(name);
    }
    EXPECT_EQ(differences(things, before), expected);
    for (const auto& [name, value] : model) EXPECT_EQ(things.find(name), value);
    before = things;
    model_before = model;
  }
  EXPECT_GT(things.size(), 150u) << "more than a page";
}

// The same with many at a time, from none to all and back.
TEST(Directory, TakesManyEditsAtOnce) {
  std::mt19937 random(20'261'121);
  Things things;
  Map model;
  for (int round = 0; round < 200; ++round) {
    Map edits;
    const auto size = random() % 1'000;
    const bool grows = round % 20 < 10;
    for (unsigned i = 0; i < size; ++i) {
      const std::string name = "s" + std::to_string(random() % 2'000);
      const bool comes = round % 20 != 19 && (random() % 8 != 0 ? grows : !grows);
      edits[name] = comes ? std::make_shared<const Thing>(Thing{name, round}) : nullptr;
    }
    if (round % 20 == 19) {
      for (const auto& [name, value] : model) edits[name] = nullptr;
    }
    const Things before = things;
    const Map model_before = model;
    std::vector<Things::Edit> list;
    for (const auto& [name, value] : edits) {
      list.push_back({name, value});
      if (value != nullptr) model[name] = value;
      if (value == nullptr) model.erase(name);
    }
    things.apply(list);
    expect_equal(things, model);
    expect_equal(before, model_before);
    std::set<std::string> expected;
    for (const auto& [name, value] : edits) {
      const auto at = model_before.find(name);
      if (value != (at != model_before.end() ? at->second : nullptr)) expected.insert(name);
    }
    EXPECT_EQ(differences(things, before), expected);
  }
  EXPECT_TRUE(things.empty());
}

}  // namespace
}  // namespace sluice::registry
