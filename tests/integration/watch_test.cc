// Reading the registry as it changes, on the real binary: blocking reads, watches, the journal.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/procfs.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

const std::string kRegistered = "/v1/services/s/instances/";

// One event of a stream of server-sent events.
struct Event {
  std::string name, id;
  Json data;
};

// A client of /v1/watch.
class Watcher {
 public:
  Watcher(const Sluice& sluice, const std::string& query, const std::string& last_event_id = "")
      : peer_(Peer::connect(sluice.admin().address())) {
    peer_.send("GET /v1/watch" + query + " HTTP/1.1\r\nHost: " + sluice.admin().address() +
               (last_event_id.empty() ? "" : "\r\nLast-Event-ID: " + last_event_id) + "\r\n\r\n");
    while (!text_.ends_with("\r\n\r\n")) {
      const std::string byte = peer_.receive(1);
      if (byte.empty()) break;
      text_ += byte;
    }
    head_ = std::exchange(text_, {});
  }
  const std::string& head() const { return head_; }

  Event next() {
    Event event;
    for (std::string line = read_line(); !line.empty() || event.name.empty(); line = read_line()) {
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("data: ")) event.data = Json::parse(line.substr(6));
      if (is_over_) break;
    }
    return event;
  }
  bool is_over() { return peer_.wait_for_end() != End::open; }

 private:
  std::string read_line() {
    std::string line;
    for (std::string byte = peer_.receive(1); byte != "\n"; byte = peer_.receive(1)) {
      if (byte.empty()) is_over_ = true;
      if (byte.empty()) break;
      line += byte;
    }
    return line;
  }

  Peer peer_;
  std::string text_, head_;
  bool is_over_ = false;
};

class Watches : public testing::Test {
 protected:
  Response enroll(const std::string& id, int n, const std::string& more = "") {
    return sluice_.admin().put(
        kRegistered + id, R"({"address":"10.0.0.)" + std::to_string(n) + R"(:9")" + more + "}");
  }

  Sluice sluice_{{.instances = {}}};
  Invariants invariants_{sluice_};
};

TEST_F(Watches, SeeASnapshotAndThenEveryChangeInOrder) {
  ASSERT_EQ(enroll("a", 1).status, 200);
  Watcher watcher(sluice_, "?service=s");
  EXPECT_TRUE(watcher.head().starts_with("HTTP/1.1 200")) << watcher.head();
  EXPECT_NE(watcher.head().find("text/event-stream"), std::string::npos) << watcher.head();
  const Event snapshot = watcher.next();
  EXPECT_EQ(snapshot.name, "snapshot");
  EXPECT_EQ(snapshot.data["services"][0]["instances"][0]["id"], "a");

  ASSERT_EQ(enroll("b", 2).status, 200);
  ASSERT_EQ(enroll("b", 2, R"(,"weight":5)").status, 200);
  ASSERT_EQ(sluice_.admin().put(kRegistered + "b/state", R"({"admin":"drain"})").status, 200);
  ASSERT_EQ(sluice_.admin().del(kRegistered + "b").status, 200);
  std::uint64_t last = snapshot.data["index"];
  for (const std::string kind : {"added", "updated", "state", "removed"}) {
    const Event change = watcher.next();
    EXPECT_EQ(change.name, "change");
    EXPECT_EQ(change.data["kind"], kind);
    EXPECT_EQ(change.data["id"], "b");
    EXPECT_EQ(change.data["index"], last + 1);
    last = change.data["index"];
  }
}

TEST_F(Watches, GoOnWhereTheyWereOrBeginAnewAfterARestart) {
  std::string last;
  {
    Watcher watcher(sluice_, "?service=s");
    watcher.next();
    ASSERT_EQ(enroll("a", 1).status, 200);
    last = watcher.next().id;
  }
  ASSERT_EQ(enroll("b", 2).status, 200);
  ASSERT_EQ(enroll("c", 3).status, 200);
  {
    Watcher watcher(sluice_, "?service=s", last);
    for (const std::string id : {"b", "c"}) {
      const Event missed = watcher.next();
      EXPECT_EQ(missed.name, "change");
      EXPECT_EQ(missed.data["id"], id);
      last = missed.id;
    }
    sluice_.kill();
    EXPECT_TRUE(watcher.is_over());
  }
  sluice_.start();
  Watcher watcher(sluice_, "?service=s", last);
  const Event anew = watcher.next();
  EXPECT_EQ(anew.name, "snapshot") << "another life has another epoch";
  EXPECT_EQ(anew.data["services"][0]["instances"].size(), 3u);
  EXPECT_NE(anew.id.substr(0, 16), last.substr(0, 16));
}

TEST_F(Watches, OfReadsThatWaitAreAnsweredByTheNextChange) {
  ASSERT_EQ(enroll("a", 1).status, 200);
  const Response now = sluice_.admin().get("/v1/services/s");
  const std::string index = now.headers.at("x-sluice-index");
  Response woken;
  std::thread waiting(
      [&] { woken = sluice_.admin().get("/v1/services/s?wait=30s&index=" + index); });
  const auto port = ntohs(Address::parse(sluice_.admin().address()).ipv4.sin_port);
  EXPECT_TRUE(eventually([&] {
    const auto sockets = tcp_sockets(sluice_.pid());
    return std::ranges::any_of(sockets, [&](const TcpSocket& socket) {
      return socket.local_port == port && socket.state != kListening;
    });
  }));
  ASSERT_EQ(enroll("b", 2).status, 200);
  waiting.join();
  EXPECT_EQ(woken.status, 200);
  EXPECT_EQ(woken.json()["instances"].size(), 2u);
  EXPECT_GT(std::stoull(woken.headers.at("x-sluice-index")), std::stoull(index));

  const Response patient =
      sluice_.admin().get("/v1/services/s?wait=100ms&index=" + woken.headers.at("x-sluice-index"));
  EXPECT_EQ(patient.status, 200) << "nothing happened, and the time was over";
  EXPECT_EQ(patient.headers.at("x-sluice-index"), woken.headers.at("x-sluice-index"));
}

TEST_F(Watches, TellByLabelAndStateWhoIsThere) {
  ASSERT_EQ(enroll("a", 1, R"(,"labels":{"role":"primary"})").status, 200);
  ASSERT_EQ(enroll("b", 2, R"(,"labels":{"role":"replica"})").status, 200);
  ASSERT_EQ(sluice_.admin().put(kRegistered + "b/state", R"({"admin":"maint"})").status, 200);
  const auto ids = [&](const std::string& query) {
    std::set<std::string> found;
    const Json answer = sluice_.admin().get("/v1/services/s" + query).json();
    for (const Json& each : answer["instances"]) found.insert(each["id"].get<std::string>());
    return found;
  };
  EXPECT_EQ(ids("?selector=role%3Dprimary"), std::set<std::string>{"a"});
  EXPECT_EQ(ids("?selector=role!%3Dprimary"), std::set<std::string>{"b"});
  EXPECT_EQ(ids("?state=up"), std::set<std::string>{"a"});
  EXPECT_EQ(ids("?state=down"), std::set<std::string>{"b"});
  EXPECT_EQ(sluice_.admin().get("/v1/services/s?selector=a%3D%3D%3Db").status, 400);
}

TEST_F(Watches, TheJournalSaysWhatHappenedAndWhy) {
  ASSERT_EQ(enroll("a", 1).status, 200);
  ASSERT_EQ(
      sluice_.admin().put(kRegistered + "a/state", R"({"admin":"drain","reason":"x"})").status,
      200);
  EXPECT_EQ(sluice_.reload({.instances = {}}).status, 200);
  const Json journal = sluice_.admin().get("/v1/events").json();
  std::vector<std::string> told;
  for (const Json& event : journal["events"]) told.push_back(event["kind"]);
  EXPECT_EQ(told, (std::vector<std::string>{"added", "state", "reloaded"}));
  EXPECT_EQ(journal["events"][1]["reason"], "admin: drain: x");
}

// Thousands that only wait cost no thread each, and one change wakes them all.
TEST_F(Watches, OfManyWakeTogether) {
  const int watchers = size_of_run(kSanitized ? 50 : 400, 900);
  std::vector<std::unique_ptr<Watcher>> all;
  const auto threads = count_threads(sluice_.pid());
  for (int i = 0; i < watchers; ++i) {
    all.push_back(std::make_unique<Watcher>(sluice_, "?service=s"));
    EXPECT_EQ(all.back()->next().name, "snapshot");
  }
  EXPECT_EQ(count_threads(sluice_.pid()), threads);
  ASSERT_EQ(enroll("a", 1).status, 200);
  for (const auto& watcher : all) EXPECT_EQ(watcher->next().data["id"], "a");
  all.clear();
  invariants_.expect_hold(64 << 20);
}

}  // namespace
}  // namespace sluice::test
