#include "proxy/client/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::client {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

// An instance as the API writes it, with more keys or others.
json said(const std::string& id, const json& more = json::object()) {
  json instance = {{"id", id},      {"address", "10.0.0.1"}, {"port", 80},
                   {"state", "up"}, {"reason", "ok"},        {"verdict", "eligible"},
                   {"weight", 1},   {"incarnation", 1},      {"labels", {{"role", "x"}}}};
  instance.update(more);
  return json::parse(instance.dump());
}

ServerEvent snapshot(const std::vector<json>& instances) {
  return {"snapshot", "e-1",
          json({{"services", {{{"service", "s"}, {"instances", instances}}}}}).dump()};
}

ServerEvent change(const std::string& kind, const json& instance) {
  return {"change", "e-2", json({{"kind", kind}, {"instance", instance}}).dump()};
}

std::vector<std::string> told(const std::optional<Catalogue::Changes>& changes) {
  static constexpr const char* kWords[] = {"added", "removed", "updated", "state"};
  std::vector<std::string> texts;
  if (!changes) return {"not understood"};
  for (const Change& each : *changes) {
    texts.push_back(std::string(kWords[static_cast<int>(each.kind)]) + " " + each.instance->id +
                    " " + each.before + ">" + each.instance->state);
  }
  return texts;
}

std::vector<std::string> ids(const Catalogue& catalogue) {
  std::vector<std::string> ids;
  for (const auto& entry : catalogue.entries()) ids.push_back(entry->id);
  return ids;
}

TEST(Catalogue, FollowsASnapshotAndTheChangesAfterIt) {
  Catalogue catalogue;
  EXPECT_THAT(told(catalogue.take(snapshot({said("b"), said("a")}))),
              ElementsAre("added b >up", "added a >up"));
  EXPECT_THAT(told(catalogue.take(change("added", said("c")))), ElementsAre("added c >up"));
  EXPECT_THAT(told(catalogue.take(change("updated", said("c", {{"weight", 5}})))),
              ElementsAre("updated c up>up"));
  EXPECT_THAT(told(catalogue.take(change("state", said("c", {{"weight", 5}, {"state", "down"}})))),
              ElementsAre("state c up>down"));
  EXPECT_THAT(told(catalogue.take(change("removed", said("a")))), ElementsAre("removed a up>up"));
  EXPECT_THAT(ids(catalogue), ElementsAre("b", "c"));
}

TEST(Catalogue, ASecondSnapshotTellsTheDifference) {
  Catalogue catalogue;
  catalogue.take(snapshot({said("a"), said("b"), said("c")}));
  EXPECT_THAT(
      told(catalogue.take(snapshot({said("b"), said("c", {{"state", "down"}}), said("d")}))),
      ElementsAre("removed a up>up", "state c up>down", "added d >up"));
  EXPECT_THAT(told(catalogue.take(ServerEvent{"snapshot", "e-1", R"({"services":[]})"})),
              ElementsAre("removed b up>up", "removed c down>down", "removed d up>up"));
}

TEST(Catalogue, WhatIsKnownIsNoChange) {
  Catalogue catalogue;
  catalogue.take(snapshot({said("a")}));
  EXPECT_THAT(told(catalogue.take(snapshot({said("a", {{"connections", 5}})}))), IsEmpty());
  EXPECT_THAT(told(catalogue.take(change("removed", said("x")))), IsEmpty());
  EXPECT_THAT(told(catalogue.take(change("removed", said("a", {{"incarnation", 7}})))), IsEmpty())
      << "a predecessor's end is not ours";
  EXPECT_THAT(told(catalogue.take(ServerEvent{"news", "", "{}"})), IsEmpty());
}

TEST(Catalogue, WhatCannotBeUnderstoodChangesNothing) {
  Catalogue catalogue;
  catalogue.take(snapshot({said("a")}));
  for (const ServerEvent& event :
       {ServerEvent{"snapshot", "", "{"}, ServerEvent{"snapshot", "", "[]"},
        ServerEvent{"change", "", "{}"}, ServerEvent{"change", "", R"({"instance":3})"}}) {
    EXPECT_THAT(told(catalogue.take(event)), ElementsAre("not understood")) << event.data;
  }
  // One that nobody could connect to is passed over.
  for (const json& more : {json({{"address", "web.example"}}), json({{"port", 0}}),
                           json({{"id", ""}}), json({{"address", 7}})}) {
    EXPECT_THAT(told(catalogue.take(change("added", said("z", more)))), IsEmpty()) << more;
  }
  EXPECT_THAT(ids(catalogue), ElementsAre("a"));
}

TEST(Catalogue, TakesTheVerdictThatIsSaid) {
  const struct {
    json more;
    Verdict verdict;
  } rows[] = {
      {{{"verdict", "eligible"}}, Verdict::eligible},
      {{{"verdict", "last_resort"}, {"state", "down"}}, Verdict::last_resort},
      {{{"verdict", "never"}}, Verdict::never},  // weight 0 is up, and takes nothing new
      {{{"verdict", "unheard of"}}, Verdict::never},
      {{{"verdict", 2}}, Verdict::never},
  };
  for (const auto& row : rows) {
    const auto instance = instance_of(said("a", row.more));
    ASSERT_TRUE(instance);
    EXPECT_EQ(instance->verdict, row.verdict) << row.more;
  }
}

TEST(Catalogue, WritesWhatItReadsAgain) {
  for (const json& more :
       {json({{"weight", 1}}), json({{"state", "down"}, {"verdict", "last_resort"}}),
        json({{"address", "unix:/run/a.sock"}, {"port", 0}}),
        json({{"zone", "z"}, {"meta", {{"k", "v"}}}, {"version", "1"}})}) {
    const auto instance = instance_of(said("a", more));
    ASSERT_TRUE(instance) << more;
    EXPECT_EQ(instance_of(json_of(*instance)), instance) << more;
  }
}

}  // namespace
}  // namespace sluice::client
