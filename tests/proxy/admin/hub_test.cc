// Blocking reads and watches over real connections; the clock is the test's.
#include "proxy/admin/hub.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "proxy/admin/read_routes.h"
#include "tests/proxy/admin/desk.h"
#include "tests/proxy/admin/viewer.h"
#include "tests/registry/sample.h"

namespace sluice::admin {
namespace {

using registry::sample::at;
using registry::sample::instance;
using registry::sample::service;
using registry::sample::unchecked;
using test::End;
using test::eventually;
using test::Peer;
using test::Response;
using namespace std::chrono_literals;

class TheHub : public ::testing::Test {
 protected:
  TheHub() {
    registry_.reconcile({unchecked(service("web", {instance("a", "10.0.0.1:80")})),
                         unchecked(service("pg", {instance("p", "10.0.0.2:80")}))},
                        true, at(0));
    publish();
    server_->start();
  }

  void publish() { hub_->publish(registry_.snapshot(), registry_.take_changes()); }
  void change(const char* service, const char* id) {
    const bool drains = ++changes_[service] % 2 == 1;
    registry_.set_admin(service, id, drains ? registry::Admin::drain : registry::Admin::ready, "",
                        at(1));
    publish();
  }
  std::uint64_t index_of(const char* service) { return registry_.snapshot()->find(service)->index; }

  Peer ask(const std::string& target, const std::string& fields = "") {
    Peer peer = Peer::connect(server_->address());
    peer.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    return peer;
  }
  Response fetch(const std::string& target) {
    Peer peer = ask(target);
    return receive_reply(peer);
  }
  bool comes_to(std::size_t waiting, std::size_t watching) {
    return eventually([&] {
      const Hub::Readers readers = hub_->readers();
      return readers.waiting == waiting && readers.watching == watching;
    });
  }
  // All that was to be done is done, and counted. The journal is read on the Hub's thread: who has
  // read it has seen that a turn began at the new time; at a second reading that turn is over.
  void move_clock(std::chrono::milliseconds by) {
    clock_ms_ += static_cast<std::uint64_t>(by.count());
    hub_->look_again();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(fetch("/v1/events").status, 200);
  }
  // A client of a watch, which reads as it is asked to.
  struct Client {
    Peer peer;
    std::string text = {};
    Picture picture = {};
    bool look_until(std::uint64_t index) {
      return eventually([&] {
        if (picture.index() < index) text += peer.receive(1 << 16, 5ms);
        for (const SentEvent& event : take_events(text)) picture.take(event);
        return picture.index() >= index;
      });
    }
  };
  Client watch(const std::string& query, const std::string& fields = "") {
    Client client{ask("/v1/watch" + query, fields)};
    const Response head = receive_reply(client.peer);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
    return client;
  }

  registry::Registry registry_{"e1"};
  std::map<std::string, int> changes_;  // of each service
  std::atomic<std::uint64_t> clock_ms_{1'000'000};
  std::optional<Hub> hub_{std::in_place, config::Watch{}, registry_.snapshot(),
                          [this] { return clock_ms_.load(); }};
  Router router_{read_routes(*hub_)};
  Gate gate_{[] { return nullptr; }};
  std::optional<HttpServer> server_{std::in_place, loopback_config(),
                                    [this](Request& request, const Responder& responder) {
                                      router_.serve(request, gate_, responder);
                                    }};
};

TEST_F(TheHub, AnswersAtOnceWhatNeedNotWait) {
  const std::string web = std::to_string(index_of("web")), pg = std::to_string(index_of("pg"));
  ASSERT_LT(index_of("pg"), index_of("web"));
  for (const char* query : {"", "?index=0", "?index=99", "?epoch=e0&index=2", "?index=1&wait=1h"}) {
    const Response reply = fetch("/v1/services/web" + std::string(query));
    EXPECT_EQ(reply.status, 200) << query;
    EXPECT_EQ(reply.headers.at("x-sluice-index"), web);
    EXPECT_EQ(reply.headers.at("x-sluice-epoch"), "e1");
    EXPECT_EQ(reply.json()["index"], index_of("web"));
  }
  EXPECT_EQ(fetch("/v1/services/pg").headers.at("x-sluice-index"), pg);
  EXPECT_EQ(fetch("/v1/services").headers.at("x-sluice-index"), web);
  EXPECT_EQ(fetch("/v1/services/mysql?index=1").status, 404);
  EXPECT_EQ(fetch("/v1/services?wait=5s").status, 400);
  EXPECT_EQ(fetch("/v1/services?selector=a+in").status, 400);
  EXPECT_EQ(fetch("/v1/services/web?state=down").json()["instances"].size(), 0u);
}

TEST_F(TheHub, WakesAllWhoWaitForAChangeByThatChange) {
  const int count = test::kSanitized ? 100 : 1000;
  const std::string index = std::to_string(index_of("web"));
  std::vector<Peer> waiting;
  for (int i = 0; i < count; ++i) waiting.push_back(ask("/v1/services/web?index=" + index));
  Peer other = ask("/v1/services/pg?index=" + index);
  ASSERT_TRUE(comes_to(waiting.size() + 1, 0));
  change("web", "a");
  for (Peer& peer : waiting) {
    const Response reply = receive_reply(peer);
    EXPECT_EQ(reply.headers.at("x-sluice-index"), std::to_string(index_of("web")));
    EXPECT_EQ(reply.json()["instances"][0]["state"], "draining");
  }
  EXPECT_TRUE(comes_to(1, 0)) << "pg has not changed";
}

TEST_F(TheHub, AnswersTheSameWhenTheWaitIsOver) {
  const std::string index = std::to_string(index_of("web"));
  Peer peer = ask("/v1/services/web?wait=32s&index=" + index);
  ASSERT_TRUE(comes_to(1, 0));
  move_clock(31'999ms);
  EXPECT_EQ(hub_->readers().waiting, 1u);
  move_clock(2'002ms);
  const Response reply = receive_reply(peer);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("x-sluice-index"), index);
}

TEST_F(TheHub, WaitsAsLongAsTheConfigurationSays) {
  config::Watch rules;
  rules.default_wait = 10s;
  rules.max_wait = 20s;
  hub_->reconfigure(rules);
  const std::string index = std::to_string(index_of("web"));
  Peer unsaid = ask("/v1/services?index=" + index);
  Peer too_long = ask("/v1/services?wait=5h&index=" + index);
  ASSERT_TRUE(comes_to(2, 0));
  move_clock(10'626ms);
  EXPECT_EQ(receive_reply(unsaid).status, 200);
  EXPECT_EQ(hub_->readers().waiting, 1u);
  move_clock(11s);
  EXPECT_EQ(receive_reply(too_long).status, 200);
}

TEST_F(TheHub, ForgetsWhoLeaves) {
  const std::string index = std::to_string(index_of("web"));
  {
    const Peer waits = ask("/v1/services?index=" + index);
    const Client watches = watch("?service=web");
    ASSERT_TRUE(comes_to(1, 1));
  }
  EXPECT_TRUE(comes_to(0, 0));
}

TEST_F(TheHub, AnswersWhoWaitsWhenTheServiceGoes) {
  Peer peer = ask("/v1/services/pg?index=" + std::to_string(index_of("pg")));
  ASSERT_TRUE(comes_to(1, 0));
  registry_.reconcile({unchecked(service("web", {instance("a", "10.0.0.1:80")}))}, false, at(2));
  publish();
  EXPECT_EQ(receive_reply(peer).status, 404);
}

TEST_F(TheHub, TellsWatchersOfChanges) {
  Client web = watch("?service=web"), all = watch("");
  change("pg", "p");
  change("web", "a");
  ASSERT_TRUE(web.look_until(index_of("web")));
  ASSERT_TRUE(all.look_until(index_of("web")));
  EXPECT_EQ(web.picture.changes().size(), 1u);
  EXPECT_EQ(all.picture.changes().size(), 2u);
  EXPECT_EQ(web.picture.instances().size(), 1u);
  EXPECT_EQ(all.picture.instances().size(), 2u);
}

TEST_F(TheHub, LetsAWatcherComeBackToWhereItWas) {
  const std::string seen = std::to_string(index_of("web"));
  change("web", "a");
  change("web", "a");
  Client by_header = watch("?service=web&since=1", "Last-Event-ID: e1-" + seen + "\r\n");
  Client by_parameter = watch("?service=web&epoch=e1&since=" + seen);
  for (Client* client : {&by_header, &by_parameter}) {
    client->picture.go_on_from(index_of("web") - 2);
    ASSERT_TRUE(client->look_until(index_of("web")));
    EXPECT_EQ(client->picture.snapshots(), 0);
    EXPECT_EQ(client->picture.changes().size(), 2u);
  }
  Client restarted = watch("?service=web", "Last-Event-ID: e0-" + seen + "\r\n");
  ASSERT_TRUE(restarted.look_until(index_of("web")));
  EXPECT_EQ(restarted.picture.snapshots(), 1);
}

TEST_F(TheHub, RefusesAWatchOfNothing) {
  EXPECT_EQ(fetch("/v1/watch?service=mysql").status, 404);
  EXPECT_EQ(fetch("/v1/watch?since=x").status, 400);
  EXPECT_EQ(fetch("/v1/watch?index=1").status, 400);
}

TEST_F(TheHub, AnswersTheHeadOfAWatch) {
  Peer peer = Peer::connect(server_->address());
  peer.send("HEAD /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const test::Rest rest = peer.receive_rest();
  EXPECT_TRUE(rest.text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(rest.text.ends_with("\r\n\r\n"));
  EXPECT_EQ(rest.text.find("event:"), rest.text.npos);
  EXPECT_TRUE(comes_to(0, 0));
}

TEST_F(TheHub, LetsAnIdleWatcherHearThatItLives) {
  Client client = watch("?service=web");
  ASSERT_TRUE(client.look_until(index_of("web")));
  move_clock(15s);
  EXPECT_EQ(client.peer.receive(3), ":\n\n");
  move_clock(15s);
  EXPECT_EQ(client.peer.receive(3), ":\n\n");
}

TEST_F(TheHub, KeepsAJournalOfChangesAndNotes) {
  change("web", "a");
  hub_->note({"reloaded", "a.yaml", 0});
  const auto journal = fetch("/v1/events?since=" + std::to_string(index_of("web") - 1)).json();
  ASSERT_EQ(journal["events"].size(), 2u);
  EXPECT_EQ(journal["events"][0]["reason"], "admin: drain");
  EXPECT_EQ(journal["events"][1]["kind"], "reloaded");
  EXPECT_EQ(journal["truncated"], false);
  config::Watch rules;
  rules.history = 1;
  hub_->reconfigure(rules);
  EXPECT_EQ(fetch("/v1/events").json()["events"].size(), 1u);
  EXPECT_EQ(fetch("/v1/events?since=1").json()["truncated"], true);
}

// Clients come while things happen, and the one that takes nothing does not keep the others.
TEST_F(TheHub, LosesNothingWhileManyComeAndMuchHappens) {
  const int rounds = test::kSanitized ? 200 : 1000;
  std::atomic<bool> is_over{false};
  std::thread control([&] {
    for (int i = 0; i < rounds; ++i) {
      change("web", "a");
      if (i % 7 == 0) change("pg", "p");
      if (i % 100 == 0) hub_->note({"reloaded", "", 0});
      if (i % 10 == 0) std::this_thread::yield();
    }
    is_over = true;
  });
  Peer slow = ask("/v1/watch");
  std::vector<Client> clients;
  do {
    clients.push_back(watch(clients.size() % 2 == 0 ? "" : "?service=web"));
  } while (!is_over && clients.size() < 50);
  control.join();
  change("web", "a");
  for (Client& client : clients) {
    ASSERT_TRUE(client.look_until(index_of("web")));
    EXPECT_EQ(client.picture.snapshots(), 1);
    const auto shown = client.picture.instances().at({"web", "a"});
    EXPECT_EQ(shown["state"],
              registry::word(registry_.snapshot()->find("web")->find("a")->effective.state));
  }
}

TEST_F(TheHub, EndsBeforeOrAfterItsServer) {
  const std::string index = std::to_string(index_of("web"));
  Client watches = watch("");
  Peer waits = ask("/v1/services?index=" + index);
  ASSERT_TRUE(comes_to(1, 1));
  hub_.reset();
  EXPECT_EQ(receive_reply(waits).status, 503);
  EXPECT_EQ(watches.peer.wait_for_end(), End::fin);
}

}  // namespace
}  // namespace sluice::admin
