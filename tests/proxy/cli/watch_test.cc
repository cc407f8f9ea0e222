#include "proxy/cli/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/cli/running.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kStream =
    "event: snapshot\nid: e-7\ndata: {\"services\":[]}\n\n"
    ":\n\n"
    "event: change\r\nid: e-8\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n"
    "data:bare\n\n";

std::vector<std::string> events_of(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> events;
  EventReader reader([&](const ServerEvent& event) {
    events.push_back(event.kind + " " + event.id + " " + event.data);
  });
  for (const std::string_view piece : pieces) EXPECT_TRUE(reader.feed(piece));
  return events;
}

TEST(EventReader, GivesEachEventWhereverTheStreamIsCut) {
  const std::vector<std::string> expected = {"snapshot e-7 {\"services\":[]}",
                                             "change e-8 {\"a\":\n1}", "message e-8 bare"};
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    EXPECT_EQ(events_of({kStream.substr(0, cut), kStream.substr(cut)}), expected) << cut;
  }
}

TEST(EventReader, HoldsBackAnEventWithoutItsEnd) {
  EXPECT_TRUE(events_of({"event: change\ndata: {}\n"}).empty());
}

TEST(Watch, GoesOnAfterTheLastEvent) {
  EXPECT_EQ(watch_target("", ""), "/v1/watch");
  EXPECT_EQ(watch_target("a&b", ""), "/v1/watch?service=a%26b");
  EXPECT_EQ(watch_target("pg", "e1-17"), "/v1/watch?service=pg&epoch=e1&since=17");
}

std::string shown(const std::string& kind, const std::string& data) {
  std::ostringstream out;
  show_event(out, {kind, "e-1", data});
  return out.str();
}

TEST(Watch, TellsEachChangeInALine) {
  EXPECT_EQ(shown("snapshot", R"({"services":[{"service":"pg","instances":[
              {"id":"a","state":"up","reason":"ok","since":"T0"}]}]})"),
            "T0 = pg/a: up (ok)\n");
  EXPECT_EQ(shown("change", R"({"time":"T1","kind":"added","service":"pg","id":"b","from":"up",
              "to":"up","reason":"ok"})"),
            "T1 + pg/b: up (ok)\n");
  EXPECT_EQ(shown("change", R"({"time":"T2","kind":"state","service":"pg","id":"b","from":"up",
              "to":"down","reason":"check: refused"})"),
            "T2 ~ pg/b: up -> down (check: refused)\n");
  EXPECT_EQ(shown("change", R"({"time":"T3","kind":"removed","service":"p\u001bg","id":"b",
              "from":"down","to":"down","reason":""})"),
            "T3 - p\\x1bg/b: down\n");
  EXPECT_EQ(shown("news", "{}"), "");
}

TEST(Watch, EndsWhereItIsRefused) {
  FakeAdmin admin(404, R"({"error":{"message":"there is no service x"}})");
  const Result result = run({"--admin", admin.address(), "watch", "x"});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_EQ(result.err, "sluice: there is no service x\n");
  EXPECT_THAT(admin.request(), HasSubstr("GET /v1/watch?service=x HTTP/1.1"));
}

TEST(Watch, EndsWhereNobodyWasThereAtFirst) {
  const test::DeadEnd nobody;
  const Result result = run({"watch", "--admin", nobody.address()});
  EXPECT_EQ(result.code, kFailure);
  EXPECT_THAT(result.err, HasSubstr("connection refused"));
}

}  // namespace
}  // namespace sluice::cli
