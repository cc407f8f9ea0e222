#include "proxy/admin/http.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/proxy/admin/desk.h"

namespace sluice::admin {
namespace {

using test::End;
using test::eventually;
using test::Peer;
using test::Response;
using test::Rest;

using Paths = std::vector<std::string>;

class Http : public ::testing::Test {
 protected:
  Http() { server_.start(); }
  Peer client() { return Peer::connect(server_.address()); }
  Rest exchange(std::string_view bytes) {
    Peer peer = client();
    peer.try_send(bytes);
    return peer.receive_rest();
  }

  Desk desk_;
  HttpServer server_{loopback_config(), desk_.handler()};
};

TEST_F(Http, AnswersRequestsOneAfterTheOtherOnOneConnection) {
  Peer peer = client();
  peer.send(get("/a"));
  const Response first = receive_reply(peer);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "GET /a ");
  EXPECT_EQ(first.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(first.headers.at("cache-control"), "no-store");
  EXPECT_FALSE(first.headers.contains("connection"));
  peer.send(
      "PUT /b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 5\r\n\r\nhello");
  EXPECT_EQ(receive_reply(peer).body, "PUT /b hello");
}

TEST_F(Http, TakesABodyInChunks) {
  Peer peer = client();
  peer.send(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhel");
  peer.send("lo\r\n1\r\n!\r\n0\r\n\r\n" + get("/b"));
  EXPECT_EQ(receive_reply(peer).body, "POST /a hello!");
  EXPECT_EQ(receive_reply(peer).body, "GET /b ");
}

TEST_F(Http, AnswersWhatWasSentAheadInOrder) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += i % 3 == 0 ? "POST /" + std::to_string(i) +
                              " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                              "Content-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
                        : get("/" + std::to_string(i));
  }
  Peer peer = client();
  peer.send(bytes);
  for (int i = 0; i < 100; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_TRUE(receive_reply(peer).body.find(" " + path + " ") != std::string::npos) << path;
  }
  const Paths asked = desk_.asked();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "/smuggled"), 0);
}

TEST_F(Http, AnswersAClientThatHasFinishedSending) {
  Peer peer = client();
  peer.send(get("/a"));
  peer.finish();
  EXPECT_EQ(receive_reply(peer).body, "GET /a ");
  EXPECT_EQ(peer.wait_for_end(), End::fin);
}

TEST_F(Http, ClosesWhenTheClientAsksForItOrSpeaksHttp10) {
  for (const char* request :
       {"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /late HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.0\r\n\r\n"}) {
    Rest rest = exchange(request);
    EXPECT_EQ(rest.end, End::fin);
    const Response reply = test::parse_response(rest.text);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(rest.text, "");
  }
  EXPECT_EQ(desk_.asked(), (Paths{"/a", "/a"}));
}

TEST_F(Http, AnswersHeadWithoutABody) {
  const Rest rest = exchange("HEAD /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(rest.text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(rest.text.find("\r\nContent-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(rest.text.ends_with("\r\n\r\n"));
}

// Each is sent with a whole request behind it, which must never be taken for one.
TEST_F(Http, RefusesWhatIsAmbiguousAndEndsTheConnection) {
  const std::string json = "Host: localhost\r\nContent-Type: application/json\r\n";
  const struct {
    const char* name;
    std::string bytes;
    int status;
  } cases[] = {
      {"length beside transfer coding",
       "POST /a HTTP/1.1\r\n" + json +
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"two lengths",
       "POST /a HTTP/1.1\r\n" + json + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n", 400},
      {"length with a plus", "POST /a HTTP/1.1\r\n" + json + "Content-Length: +5\r\n\r\nhello",
       400},
      {"length over 2^64",
       "POST /a HTTP/1.1\r\n" + json + "Content-Length: 18446744073709551621\r\n\r\nhello", 400},
      {"unknown coding", "POST /a HTTP/1.1\r\n" + json + "Transfer-Encoding: xchunked\r\n\r\n",
       501},
      {"bare LF", "GET /a HTTP/1.1\nHost: localhost\n\n", 400},
      {"folded field", "GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400},
      {"chunk extension",
       "POST /a HTTP/1.1\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n5;" +
           std::string(1 << 20, 'x') + "\r\nhello\r\n0\r\n\r\n",
       400},
      {"HTTP/0.9", "GET /a\r\n", 400},
      {"lower-case method", "get /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"absolute form", "GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"NUL", std::string("GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 45), 400},
      {"65 fields",
       "GET /a HTTP/1.1\r\nHost: localhost\r\n" +
           [] {
             std::string fields;
             for (int i = 0; i < 64; ++i) fields += "X: y\r\n";
             return fields;
           }() +
           "\r\n",
       431},
      {"header of 64 KiB",
       "GET /a HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(65536, 'x') + "\r\n\r\n", 431},
      {"target of 64 KiB",
       "GET /" + std::string(65536, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
      {"body over the limit", "POST /a HTTP/1.1\r\n" + json + "Content-Length: 1048577\r\n\r\n",
       413},
      {"chunk over the limit",
       "POST /a HTTP/1.1\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413},
      {"no Host", "GET /a HTTP/1.1\r\n\r\n", 400},
      {"foreign Host", "GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
      {"foreign Origin",
       "GET /a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
      {"another site", "GET /a HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n",
       403},
      {"plain text",
       "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
       "Content-Length: 2\r\n\r\n{}",
       415},
  };
  for (const auto& c : cases) {
    Rest rest = exchange(c.bytes + get("/smuggled"));
    EXPECT_EQ(rest.end, End::fin) << c.name;
    const Response reply = test::parse_response(rest.text);
    EXPECT_EQ(reply.status, c.status) << c.name;
    EXPECT_TRUE(reply.json().contains("error")) << c.name;
    EXPECT_EQ(reply.headers.at("connection"), "close") << c.name;
    EXPECT_FALSE(reply.headers.contains("access-control-allow-origin")) << c.name;
    EXPECT_EQ(rest.text, "") << c.name << ": one reply and no more";
  }
  EXPECT_EQ(desk_.asked(), Paths{});
}

TEST_F(Http, RefusesASecondRequestOnlyAfterAnsweringTheFirst) {
  Rest rest = exchange(get("/a") + "GET /b HTTP/1.1\nHost: localhost\n\n" + get("/smuggled"));
  EXPECT_EQ(test::parse_response(rest.text).body, "GET /a ");
  EXPECT_EQ(test::parse_response(rest.text).status, 400);
  EXPECT_EQ(rest.text, "");
  EXPECT_EQ(desk_.asked(), Paths{"/a"});
}

TEST_F(Http, RefusesALargeBodyBeforeItIsSent) {
  Peer peer = client();
  peer.send(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10000000000\r\n\r\n");
  EXPECT_EQ(receive_reply(peer).status, 413);
}

TEST_F(Http, GetsARefusalThroughToAClientThatGoesOnSending) {
  Peer peer = client();
  peer.try_send(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 4194304\r\n\r\n" +
      std::string(4 << 20, 'x'));
  EXPECT_EQ(receive_reply(peer).status, 413);
}

TEST_F(Http, InvitesTheBodyOfAClientThatWaitsToBe) {
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\n";
  Peer peer = client();
  peer.send(head + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(peer.receive(25), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("hello");
  EXPECT_EQ(receive_reply(peer).body, "POST /a hello");
  peer.send(head + "Content-Length: 1048577\r\n\r\n");
  EXPECT_EQ(receive_reply(peer).status, 413) << "a body that is too large is not invited";
}

TEST_F(Http, WaitsForAnAnswerFromAnotherThreadAndServesOthersMeanwhile) {
  Peer waiting = client();
  waiting.send(get("/later"));
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(1); }));
  Peer other = client();
  other.send(get("/a"));
  EXPECT_EQ(receive_reply(other).status, 200);
  std::thread([&] { desk_.answer_kept(Reply::json("here")); }).join();
  EXPECT_EQ(receive_reply(waiting).body, "here");
  waiting.send(get("/b"));
  EXPECT_EQ(receive_reply(waiting).body, "GET /b ");
}

TEST_F(Http, AnswersManyThatWaitAtOnce) {
  std::vector<Peer> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(client());
    clients.back().send(get("/later"));
  }
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(50); }));
  const std::vector<Responder> kept = desk_.take_kept();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 5; ++t) {
    threads.emplace_back([&kept, t] {
      for (std::size_t i = t; i < kept.size(); i += 5) kept[i].send(Reply::json("here"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Peer& peer : clients) EXPECT_EQ(receive_reply(peer).body, "here");
}

TEST_F(Http, OutlivesAClientThatLeavesBeforeItsAnswer) {
  {
    Peer peer = client();
    peer.send(get("/later"));
    ASSERT_TRUE(eventually([&] { return desk_.has_kept(1); }));
    peer.reset();
  }
  desk_.answer_kept(Reply::json("too late"));
  Peer peer = client();
  peer.send(get("/a"));
  EXPECT_EQ(receive_reply(peer).status, 200);
}

TEST_F(Http, TellsTheHandlerWhetherItsAnswerIsAwaited) {
  Peer leaving = client(), staying = client();
  leaving.send(get("/later"));
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(1); }));
  staying.send(get("/later"));
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(2); }));
  const std::vector<Responder> kept = desk_.take_kept();
  leaving.reset();
  EXPECT_TRUE(eventually([&] { return !kept[0].is_awaited(); }));
  EXPECT_TRUE(kept[1].is_awaited());
  kept[1].send(Reply::json("here"));
  EXPECT_FALSE(kept[1].is_awaited());
  EXPECT_EQ(receive_reply(staying).body, "here");
}

TEST_F(Http, SendsOneReplyToMany) {
  std::vector<Peer> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(client());
    clients.back().send(get("/later") + get("/a"));
  }
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(5); }));
  auto reply = std::make_shared<const Reply>(Reply::json(std::string(1 << 20, 'x')));
  for (const Responder& responder : desk_.take_kept()) responder.send(reply);
  const std::weak_ptr<const Reply> watched = std::exchange(reply, nullptr);
  for (Peer& peer : clients) {
    EXPECT_TRUE(receive_reply(peer).body == std::string(1 << 20, 'x'));
    EXPECT_EQ(receive_reply(peer).body, "GET /a ");
  }
  EXPECT_TRUE(watched.expired()) << "nobody keeps it longer than it is written";
}

TEST_F(Http, AnswersForAHandlerThatGaveUp) {
  Peer peer = client();
  peer.send(get("/drop"));
  EXPECT_EQ(receive_reply(peer).status, 503);
  peer.send(get("/throw"));
  const Response reply = receive_reply(peer);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  peer.send(get("/a"));
  EXPECT_EQ(receive_reply(peer).status, 200) << "the connection goes on";
}

TEST_F(Http, SendsAReplyThatIsLargerThanASocketHolds) {
  Peer peer = client();
  peer.send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const Rest rest = peer.receive_rest();
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_GT(rest.bytes, 32u << 20);
}

TEST_F(Http, TakesNewHostsAndLimitsWhileItRuns) {
  const std::string request =
      "GET /a HTTP/1.1\r\nHost: sluice.internal\r\nConnection: close\r\n\r\n";
  Rest before = exchange(request);
  EXPECT_EQ(test::parse_response(before.text).status, 403);
  config::Admin config = loopback_config();
  config.allowed_hosts = {"sluice.internal"};
  config.limits.header.count = 128;
  server_.reconfigure(config);
  EXPECT_TRUE(eventually([&] {
    Rest after = exchange(request);
    return test::parse_response(after.text).status == 200;
  }));
  Rest large = exchange("GET /a HTTP/1.1\r\nX: " + std::string(200, 'x') + "\r\n\r\n");
  EXPECT_EQ(test::parse_response(large.text).status, 431);
}

TEST(HttpServer, StopsWhileRequestsWait) {
  Desk desk;
  auto server = std::make_unique<HttpServer>(loopback_config(), desk.handler());
  server->start();
  Peer waiting = Peer::connect(server->address());
  waiting.send(get("/later"));
  Peer halfway = Peer::connect(server->address());
  halfway.send("GET /a HTT");
  Peer quiet = Peer::connect(server->address());
  ASSERT_TRUE(eventually([&] { return desk.has_kept(1); }));
  server.reset();
  EXPECT_EQ(receive_reply(waiting).status, 503);
  EXPECT_TRUE(waiting.receive_rest().is_closed());
  EXPECT_TRUE(halfway.receive_rest().is_closed());
  EXPECT_TRUE(quiet.receive_rest().is_closed());
  desk.answer_kept(Reply::json("nobody is there"));
}

TEST(HttpServer, MayBeDroppedBeforeItStarts) {
  Desk desk;
  HttpServer server(loopback_config(), desk.handler());
  EXPECT_FALSE(server.address().ends_with(":0"));
}

TEST(HttpServer, TurnsAwayConnectionsOverTheCap) {
  Desk desk;
  config::Admin config = loopback_config();
  config.limits.connections = 2;
  HttpServer server(config, desk.handler());
  server.start();
  auto first = std::make_unique<Peer>(Peer::connect(server.address()));
  Peer second = Peer::connect(server.address());
  first->send(get("/a"));
  second.send(get("/a"));
  ASSERT_EQ(receive_reply(*first).status, 200);
  ASSERT_EQ(receive_reply(second).status, 200);
  Peer third = Peer::connect(server.address());
  EXPECT_EQ(receive_reply(third).status, 503);
  EXPECT_TRUE(third.receive_rest().is_closed());
  first.reset();
  EXPECT_TRUE(eventually([&] {
    Peer next = Peer::connect(server.address());
    next.try_send(get("/a"));
    return receive_reply(next).status == 200;
  }));
}

TEST(HttpServer, SaysWhyItCannotListen) {
  Desk desk;
  HttpServer first(loopback_config(), desk.handler());
  config::Admin config;
  for (const std::string& bind :
       {first.address(), std::string("nonsense"), std::string("unix:/no/such/directory/x")}) {
    config.bind = bind;
    try {
      HttpServer second(config, desk.handler());
      FAIL() << bind;
    } catch (const std::runtime_error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("cannot listen on " + bind + ": "))
          << error.what();
    }
  }
}

}  // namespace
}  // namespace sluice::admin
