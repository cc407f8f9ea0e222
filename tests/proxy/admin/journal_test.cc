#include "proxy/admin/journal.h"

#include <gtest/gtest.h>

#include "tests/registry/sample.h"

namespace sluice::admin {
namespace {

using registry::sample::at;
using registry::sample::instance;
using registry::sample::service;
using registry::sample::unchecked;

Step change(std::uint64_t index) {
  Step step;
  step.change.index = index;
  return step;
}

std::vector<std::string> places(const Journal& journal, Position after) {
  std::vector<std::string> all;
  for (const Entry& entry : journal.after(after)) all.push_back(entry.at.text());
  return all;
}

using Places = std::vector<std::string>;

TEST(Journal, KeepsChangesAndNotesInOneOrder) {
  Journal journal(10, 4);
  EXPECT_EQ(journal.end(), (Position{4, 0}));
  journal.add({"reloaded", "", 0}, 4);
  journal.add(change(5));
  journal.add({"a", "", 0}, 5);
  journal.add({"b", "", 0}, 5);
  journal.add(change(8));
  journal.add({"c", "", 0}, 9);
  EXPECT_EQ(places(journal, {}), (Places{"4.1", "5", "5.1", "5.2", "8", "9.1"}));
  EXPECT_EQ(places(journal, {5, 0}), (Places{"5.1", "5.2", "8", "9.1"}));
  EXPECT_EQ(places(journal, {5, 1}), (Places{"5.2", "8", "9.1"}));
  EXPECT_EQ(places(journal, {6, 0}), (Places{"8", "9.1"}));
  EXPECT_EQ(places(journal, {9, 1}), Places{});
  EXPECT_EQ(journal.floor(), (Position{4, 0}));
}

TEST(Journal, ForgetsTheOldest) {
  Journal journal(3, 0);
  for (std::uint64_t i = 1; i <= 5; ++i) journal.add(change(i));
  EXPECT_EQ(places(journal, {}), (Places{"3", "4", "5"}));
  EXPECT_EQ(journal.floor(), (Position{2, 0}));
  journal.resize(1);
  EXPECT_EQ(places(journal, {}), (Places{"5"}));
  EXPECT_EQ(journal.floor(), (Position{4, 0}));
  journal.resize(0);
  EXPECT_EQ(journal.floor(), (Position{5, 0}));
  EXPECT_EQ(journal.end(), (Position{5, 0}));
}

TEST(Position, ReadsWhatItWrites) {
  for (const char* text : {"0", "8", "8.2", "18446744073709551615.1"}) {
    EXPECT_EQ(Position::parse(text)->text(), text);
  }
  for (const char* text : {"", ".", "8.", ".2", "-1", "8.2.3", "x", "18446744073709551616", " 8"}) {
    EXPECT_FALSE(Position::parse(text)) << text;
  }
}

TEST(Steps, KnowTheInstanceBeforeEachUpdate) {
  registry::Registry registry("e1");
  const auto label = [&](const char* value) {
    config::Instance one = instance("a", "10.0.0.1:80");
    one.labels = {{"v", value}};
    registry.reconcile({unchecked(service("web", {one}))}, false, at(0));
  };
  label("1");
  registry.take_changes();
  const auto before = registry.snapshot();
  label("2");
  registry.set_admin("web", "a", registry::Admin::drain, "", at(1));
  label("3");
  const auto all = steps(*before, registry.take_changes());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].before->labels->at("v"), "1");
  EXPECT_EQ(all[1].before, nullptr);
  EXPECT_EQ(all[2].before->labels->at("v"), "2");
  EXPECT_EQ(all[2].change.instance->labels->at("v"), "3");
}

}  // namespace
}  // namespace sluice::admin
