#include "proxy/selection.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/registry/sample.h"

namespace sluice {
namespace {

using registry::sample::at;

config::Selector selector_of(std::string_view text) {
  config::SelectorProblem problem;
  return *config::Selector::parse(text, problem);
}

class SelectionTest : public testing::Test {
 protected:
  SelectionTest() { load("a", "b"); }

  // Of three instances, these two carry the label.
  void load(const std::string& one, const std::string& other) {
    auto instances = std::vector{registry::sample::instance("a", "10.0.0.1:80"),
                                 registry::sample::instance("b", "10.0.0.2:80"),
                                 registry::sample::instance("c", "10.0.0.3:80")};
    for (config::Instance& instance : instances) {
      if (instance.id == one || instance.id == other) instance.labels = {{"role", "primary"}};
    }
    const config::Service web = registry::sample::service("web", instances);
    registry_.reconcile({registry::sample::unchecked(web)}, true, at(0));
  }

  const registry::Service& service() {
    snapshot_ = registry_.snapshot();
    return *snapshot_->find("web");
  }

  // Who is picked in so many picks.
  std::set<std::string> picked(const std::string& selector, int times = 20) {
    std::set<std::string> ids;
    for (int i = 0; i < times; ++i) {
      const balance::Pick pick = selections_.pick(service(), {}, selector_of(selector), "", "");
      if (pick) ids.insert(pick.member->id());
    }
    return ids;
  }

  registry::Registry registry_{"e1"};
  std::shared_ptr<const registry::Snapshot> snapshot_;
  Selections selections_;
};

using Ids = std::set<std::string>;

TEST_F(SelectionTest, IsWhoCarriesTheLabels) {
  EXPECT_EQ(picked("role=primary"), (Ids{"a", "b"}));
  EXPECT_EQ(picked("!role"), Ids{"c"});
  EXPECT_EQ(picked("role=none"), Ids{});
  EXPECT_EQ(picked(""), (Ids{"a", "b", "c"}));
}

TEST_F(SelectionTest, FollowsTheLabels) {
  EXPECT_EQ(picked("role=primary"), (Ids{"a", "b"}));
  load("b", "c");
  EXPECT_EQ(picked("role=primary"), (Ids{"b", "c"}));
}

TEST_F(SelectionTest, IsForgottenAndMadeAgainAmongMany) {
  for (std::size_t i = 0; i < 2 * Selections::kMost; ++i) {
    EXPECT_EQ(picked("role=primary,x!=" + std::to_string(i)), (Ids{"a", "b"}));
  }
  EXPECT_EQ(picked("role=primary"), (Ids{"a", "b"}));
}

TEST_F(SelectionTest, HasOneKeyHoweverItIsWritten) {
  EXPECT_EQ(selection_key("web", selector_of("")), "web");
  EXPECT_EQ(selection_key("web", selector_of("b, a==x")), "web{a=x,b}");
}

}  // namespace
}  // namespace sluice
