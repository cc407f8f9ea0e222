#include "registry/snapshot.h"

#include <gtest/gtest.h>

#include "tests/registry/sample.h"

namespace sluice::registry {
namespace {

using sample::at;

TEST(Snapshot, IsEmptyBeforeAnythingHappened) {
  Registry registry("e1");
  const auto snapshot = registry.snapshot();
  EXPECT_EQ(snapshot->index, 0u);
  EXPECT_EQ(snapshot->epoch, "e1");
  EXPECT_TRUE(snapshot->services.empty());
  EXPECT_EQ(snapshot->find("web"), nullptr);
}

TEST(Snapshot, FindsServicesByNameAndInstancesById) {
  Registry registry("e1");
  registry.reconcile({sample::service("web", {sample::instance("b", "10.0.0.2:80"),
                                              sample::instance("a", "10.0.0.1:80"),
                                              sample::instance("c", "10.0.0.3:80")}),
                      sample::service("pg", {})},
                     true, at(0));
  const auto snapshot = registry.snapshot();
  const Service* web = snapshot->find("web");
  ASSERT_NE(web, nullptr);
  ASSERT_EQ(web->instances.size(), 3u);
  EXPECT_EQ((*web->instances.begin())->id, "a") << "kept by id";
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_NE(web->find(id), nullptr) << id;
    EXPECT_EQ(web->find(id)->id, id);
  }
  for (const char* id : {"", "0", "aa", "d"}) EXPECT_EQ(web->find(id), nullptr) << id;
  ASSERT_NE(snapshot->find("pg"), nullptr);
  EXPECT_EQ(snapshot->find("pg")->find("a"), nullptr);
}

TEST(Snapshot, StaysAsItWasWhileTheRegistryGoesOn) {
  Registry registry("e1");
  registry.reconcile({sample::service("web", {sample::instance("a", "10.0.0.1:80")})}, true, at(0));
  const auto before = registry.snapshot();
  const auto a = before->find("web")->instances.find("a");
  registry.checked(*a->live, sample::kPassed, at(10));
  registry.reconcile({}, false, at(20));

  EXPECT_EQ(before->index, 1u);
  EXPECT_EQ(before->find("web")->instances.find("a"), a);
  EXPECT_EQ(a->effective.state, State::warming);
  EXPECT_EQ(registry.snapshot()->find("web"), nullptr);
}

TEST(Snapshot, IsTheSameOneWhileNothingChanges) {
  Registry registry("e1");
  const std::vector<config::Service> services = {
      sample::service("web", {sample::instance("a", "10.0.0.1:80")})};
  registry.reconcile(services, true, at(0));
  const auto before = registry.snapshot();
  registry.reconcile(services, false, at(10));
  registry.advance(at(20));
  EXPECT_EQ(registry.snapshot(), before);
}

TEST(Snapshot, SharesWhatDidNotChange) {
  Registry registry("e1");
  registry.reconcile({sample::service("web", sample::instances(3)),
                      sample::service("pg", {sample::instance("a", "10.1.0.1:5432")})},
                     true, at(0));
  const auto before = registry.snapshot();
  registry.checked(*sample::live(registry, "web", "i1"), sample::kPassed, at(10));
  const auto after = registry.snapshot();

  EXPECT_EQ(after->services.find("pg"), before->services.find("pg"));
  const auto& old_web = before->services.find("web")->instances;
  const auto& new_web = after->services.find("web")->instances;
  EXPECT_EQ(new_web.find("i0"), old_web.find("i0"));
  EXPECT_NE(new_web.find("i1"), old_web.find("i1"));
  EXPECT_EQ(new_web.find("i2"), old_web.find("i2"));
  EXPECT_EQ(new_web.find("i1")->live, old_web.find("i1")->live) << "the counts are one";
}

}  // namespace
}  // namespace sluice::registry
