#include "proxy/admin/reads.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/registry/sample.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::json;

Request with(std::map<std::string, std::string, std::less<>> query) {
  Request request;
  request.query = std::move(query);
  return request;
}

TEST(Read, TakesItsParameters) {
  std::string wrong;
  const auto read = parse_read(with({{"index", "7"},
                                     {"wait", "1.5s"},
                                     {"epoch", "e1"},
                                     {"selector", "role=primary"},
                                     {"state", "passing"}}),
                               "web", wrong);
  ASSERT_TRUE(read) << wrong;
  EXPECT_EQ(read->service, "web");
  EXPECT_EQ(read->index, 7u);
  EXPECT_EQ(read->wait, config::Duration{1500});
  EXPECT_EQ(read->epoch, "e1");
  EXPECT_EQ(read->filter.selector.text(), "role=primary");
  EXPECT_EQ(read->filter.state, registry::State::up);
}

TEST(Read, SaysWhichParameterItDoesNotUnderstand) {
  const struct {
    const char* name;
    const char* value;
  } cases[] = {{"index", ""},    {"index", "-1"}, {"index", "18446744073709551616"},
               {"wait", "30"},   {"wait", "30s"}, {"selector", "a in"},
               {"state", "gone"}};
  for (const auto& c : cases) {
    std::string wrong;
    EXPECT_FALSE(parse_read(with({{c.name, c.value}}), "", wrong)) << c.name << c.value;
    EXPECT_TRUE(wrong.starts_with(std::string(c.name) + ": ")) << wrong;
  }
}

registry::Snapshot version() {
  registry::Snapshot snapshot;
  snapshot.index = 9;
  snapshot.epoch = "e1";
  registry::Service web;
  web.name = "web";
  web.index = 5;
  snapshot.services.put(std::make_shared<const registry::Service>(web));
  return snapshot;
}

TEST(Read, IsDueUnlessItsIndexIsTheLast) {
  const struct {
    const char* service;
    std::optional<std::uint64_t> index;
    const char* epoch;
    bool is_due;
  } cases[] = {
      {"web", {}, "", true}, {"web", 4, "", true},  {"web", 5, "", false},   {"web", 7, "", false},
      {"web", 9, "", false}, {"web", 10, "", true}, {"web", 5, "e1", false}, {"web", 5, "e0", true},
      {"pg", 9, "", true},   {"", 8, "", true},     {"", 9, "", false},      {"", 10, "", true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(is_due(version(), {c.service, {}, c.index, {}, c.epoch, {}}), c.is_due)
        << c.service << " " << c.index.value_or(0) << " " << c.epoch;
  }
}

TEST(Watching, GoesOnWhereItsClientWas) {
  const struct {
    std::optional<std::uint64_t> since;
    const char* epoch;
    const char* last_event_id;
    std::optional<std::uint64_t> resumes;
  } cases[] = {
      {{}, "", "", {}},     {3, "", "", 3},         {3, "e-1", "", 3},       {3, "e0", "", {}},
      {{}, "", "e-1-7", 7}, {3, "e-1", "e-1-7", 7}, {3, "e-1", "e0-7", {}},  {3, "", "e-1-", {}},
      {3, "", "e-1-x", {}}, {3, "", "e-1-7.1", {}}, {3, "", "nonsense", {}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(resumes_at({{}, c.since, c.epoch, c.last_event_id, {}}, "e-1"), c.resumes)
        << c.epoch << " " << c.last_event_id;
  }
}

class Looks : public ::testing::Test {
 protected:
  Looks() {
    using registry::sample::at;
    using registry::sample::instance;
    registry_.reconcile({registry::sample::unchecked(
                             registry::sample::service("web", {instance("a", "10.0.0.1:80")})),
                         registry::sample::unchecked(
                             registry::sample::service("pg", {instance("p", "10.0.0.2:80")}))},
                        true, at(0));
    for (Step& step : steps(*before_, registry_.take_changes())) journal_.add(std::move(step));
    journal_.add({"reloaded", "a\nb", 1'700'000'000'000}, registry_.snapshot()->index);
  }
  Json look(const std::map<std::string, std::string, std::less<>>& query) {
    std::string wrong;
    const auto looking = parse_looking(with(query), wrong);
    EXPECT_TRUE(looking) << wrong;
    return Json::parse(events_json(journal_, *looking, *registry_.snapshot()));
  }
  static std::vector<std::string> places(const Json& json) {
    std::vector<std::string> all;
    for (const Json& event : json["events"]) all.push_back(event["at"]);
    return all;
  }
  using Places = std::vector<std::string>;

  registry::Registry registry_{"e1"};
  std::shared_ptr<const registry::Snapshot> before_ = registry_.snapshot();
  Journal journal_{3, 0};
};

TEST_F(Looks, TellChangesAndNotesOldestFirst) {
  const Json json = look({});
  EXPECT_EQ(json["index"], 2);
  EXPECT_EQ(json["epoch"], "e1");
  EXPECT_EQ(json["oldest"], "1");
  EXPECT_EQ(json["next"], "2.1");
  EXPECT_EQ(json["truncated"], false);
  EXPECT_EQ(places(json), (Places{"1", "2", "2.1"}));
  EXPECT_EQ(json["events"][1], Json::parse(R"({"at":"2","index":2,
    "time":"2023-11-14T22:13:20.000Z","kind":"added","service":"web","id":"a","incarnation":2,
    "from":"up","to":"up","reason":"ok","address":"10.0.0.1:80"})"));
  EXPECT_EQ(json["events"][2], Json::parse(R"({"at":"2.1","index":2,
    "time":"2023-11-14T22:13:20.000Z","kind":"reloaded","text":"a\nb"})"));
}

TEST_F(Looks, GoOnFromWhereTheyWere) {
  EXPECT_EQ(places(look({{"since", "1"}})), (Places{"2", "2.1"}));
  EXPECT_EQ(places(look({{"since", "2"}})), (Places{"2.1"}));
  const Json level = look({{"since", "2.1"}});
  EXPECT_EQ(places(level), Places{});
  EXPECT_EQ(level["next"], "2.1");
  const Json first = look({{"since", "0"}, {"limit", "1"}});
  EXPECT_EQ(places(first), Places{"1"});
  EXPECT_EQ(first["next"], "1");
  EXPECT_EQ(places(look({{"limit", "2"}})), (Places{"2", "2.1"})) << "the last ones";
  EXPECT_EQ(places(look({{"service", "pg"}})), Places{"1"});
}

TEST_F(Looks, SayWhatIsForgotten) {
  journal_.add({"store_failed", "", 0}, 2);
  EXPECT_EQ(look({{"since", "0"}})["truncated"], true);
  EXPECT_EQ(look({{"since", "1"}})["truncated"], false);
  EXPECT_EQ(look({})["truncated"], false) << "nothing was asked for that is not there";
  EXPECT_EQ(look({})["oldest"], "2");
  const Json restarted = look({{"since", "50"}});
  EXPECT_EQ(restarted["truncated"], true);
  EXPECT_EQ(places(restarted), (Places{"2", "2.1", "2.2"}));
}

TEST(Looking, RefusesWhatItDoesNotUnderstand) {
  const std::pair<const char*, const char*> cases[] = {
      {"since", "x"}, {"since", ""}, {"limit", "0"}, {"limit", "100001"}, {"limit", "x"}};
  for (const auto& [name, value] : cases) {
    std::string wrong;
    EXPECT_FALSE(parse_looking(with({{name, value}}), wrong)) << name << value;
    EXPECT_TRUE(wrong.starts_with(std::string(name) + ": ")) << wrong;
  }
}

}  // namespace
}  // namespace sluice::admin
