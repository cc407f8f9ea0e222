#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "proxy/admin/http.h"
#include "proxy/admin/transport.h"
#include "tests/proxy/admin/desk.h"

namespace sluice::admin {
namespace {

using test::End;
using test::eventually;
using test::Peer;
using test::Response;
using test::Rest;
using test::Stopwatch;
using namespace std::chrono_literals;

constexpr auto kDeadline = 1000ms;  // time enough for a busy machine to send what comes first

class HttpDeadline : public ::testing::Test {
 protected:
  HttpDeadline() { server_.start(); }
  static config::Admin hurried() {
    config::Admin config = loopback_config();
    config.limits.deadline = kDeadline;
    return config;
  }
  Peer client() { return Peer::connect(server_.address()); }

  Desk desk_;
  HttpServer server_{hurried(), desk_.handler()};
};

// Sends a byte every few milliseconds until the server has something to say.
Response trickle(Peer& peer, std::string_view first, char byte) {
  peer.send(first);
  const test::Deadline patience(test::kPatience);
  while (!test::wait_for(peer.socket().get(), POLLIN, 5) && !patience.has_passed()) {
    peer.try_send(std::string(1, byte));
  }
  return receive_reply(peer);
}

TEST_F(HttpDeadline, EndsARequestWhoseHeadTrickles) {
  Peer peer = client();
  const Stopwatch watch;
  EXPECT_EQ(trickle(peer, "GET /", 'a').status, 408);
  EXPECT_GE(watch.elapsed(), kDeadline - 10ms);
  EXPECT_TRUE(peer.receive_rest().is_closed());
}

TEST_F(HttpDeadline, EndsARequestWhoseBodyTrickles) {
  Peer peer = client();
  const Response reply = trickle(peer,
                                 "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
                                 "Content-Type: application/json\r\n\r\n",
                                 'x');
  EXPECT_EQ(reply.status, 408);
  EXPECT_TRUE(peer.receive_rest().is_closed());
  EXPECT_TRUE(desk_.asked().empty());
}

TEST_F(HttpDeadline, EndsARequestOnAKeptConnectionAsWell) {
  Peer peer = client();
  peer.send(get("/a"));
  ASSERT_EQ(receive_reply(peer).status, 200);
  EXPECT_EQ(trickle(peer, "GET /", 'a').status, 408);
}

TEST_F(HttpDeadline, EndsAConnectionThatSaysNothing) {
  Peer peer = client();
  const Rest rest = peer.receive_rest();
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_EQ(rest.text, "");
}

TEST_F(HttpDeadline, AnswersForAHandlerThatIsLate) {
  Peer peer = client();
  peer.send(get("/later") + get("/a"));
  EXPECT_EQ(receive_reply(peer).status, 503);
  ASSERT_TRUE(desk_.has_kept(1));
  EXPECT_FALSE(desk_.peek_kept().is_awaited());
  desk_.answer_kept(Reply::json("too late"));
  EXPECT_EQ(peer.receive_rest().text, "");
  EXPECT_EQ(desk_.asked(), std::vector<std::string>{"/later"});
}

TEST(HttpServer, ServesWhileHundredsOfClientsAreSlow) {
  Desk desk;
  HttpServer server(loopback_config(), desk.handler());
  server.start();
  std::vector<Peer> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(Peer::connect(server.address()));
    const char* const begun[] = {"GET /heal", "",
                                 "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                                 "Content-Type: application/json\r\n\r\n{",
                                 "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"};
    // Few replies that nobody reads: each holds 32 MiB.
    slow.back().send(begun[i % 100 == 3 ? 3 : i % 3]);
  }
  for (int i = 0; i < 20; ++i) {
    Peer peer = Peer::connect(server.address());
    peer.send(get("/healthz"));
    EXPECT_EQ(receive_reply(peer).status, 200);
  }
}

// The transport alone, where the times that no operator sets can be short.
class PatienceOfTransport : public ::testing::Test {
 protected:
  PatienceOfTransport() {
    socket_->listen(16, {});
    transport_.emplace(socket_, desk_.handler(), settings(), inbox_);
    thread_ = std::thread([this] { transport_->run(); });
  }
  ~PatienceOfTransport() override {
    inbox_->post_stop();
    thread_.join();
  }
  static std::shared_ptr<const Settings> settings() {
    Settings settings{{}, RequestRules({}, false), {}};
    settings.limits.deadline = 500ms;
    settings.patience = {.idle = 100ms, .linger = 100ms};
    return std::make_shared<const Settings>(std::move(settings));
  }
  static std::shared_ptr<net::ListenSocket> listening() {
    std::string why;
    return net::ListenSocket::bind(*config::Endpoint::parse("127.0.0.1:0", why), 1, false);
  }
  Peer client() { return Peer::connect(socket_->endpoint().text(), {.receive_buffer = 4096}); }

  Desk desk_;
  std::shared_ptr<net::ListenSocket> socket_ = listening();
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::optional<Transport> transport_;
  std::thread thread_;
};

TEST_F(PatienceOfTransport, EndsWithAKeptConnectionThatIsIdle) {
  Peer peer = client();
  peer.send(get("/a"));
  ASSERT_EQ(receive_reply(peer).status, 200);
  EXPECT_EQ(peer.wait_for_end(), End::fin);
}

TEST_F(PatienceOfTransport, EndsWithAReplyThatIsNotRead) {
  Peer peer = client();
  peer.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return !peer.try_send("x"); })) << "the connection is reset";
}

TEST_F(PatienceOfTransport, EndsWithARefusedClientThatStays) {
  Peer peer = client();
  peer.send("nonsense\r\n");
  ASSERT_EQ(receive_reply(peer).status, 400);
  EXPECT_TRUE(eventually([&] { return !peer.try_send("x"); })) << "the connection is closed";
}

// A client does not pay for what the server did for others meanwhile.
TEST_F(PatienceOfTransport, ForgivesAClientThatTheServerKeptWaiting) {
  Peer kept = client();
  kept.send(get("/a"));
  ASSERT_EQ(receive_reply(kept).status, 200);
  Peer late = client();
  late.send(get("/later"));
  ASSERT_TRUE(eventually([&] { return desk_.has_kept(1); }));
  Peer begun = client();
  begun.send("GET /begun HTTP/1.1\r\n");
  Peer stalling = client();
  stalling.send(get("/stall"));
  ASSERT_TRUE(eventually([&] { return desk_.was_asked("/stall"); }));

  Peer fresh = client();
  fresh.send(get("/fresh"));
  begun.send("Host: localhost\r\n\r\n");
  desk_.answer_kept(Reply::json("in time"));
  const Stopwatch watch;
  EXPECT_TRUE(eventually([&] { return watch.elapsed() > 2 * settings()->limits.deadline; }));
  desk_.let_go();
  for (Peer* peer : {&fresh, &begun, &late, &stalling}) {
    EXPECT_EQ(receive_reply(*peer).status, 200);
  }
}

TEST_F(PatienceOfTransport, DoesNotForgiveTheSlow) {
  Peer half = client();
  half.send("GET /half HTTP/1.1\r\n");
  Peer stalling = client();
  stalling.send(get("/stall"));
  ASSERT_TRUE(eventually([&] { return desk_.was_asked("/stall"); }));
  half.send("Host: local");
  const Stopwatch watch;
  EXPECT_TRUE(eventually([&] { return watch.elapsed() > 2 * settings()->limits.deadline; }));
  desk_.let_go();
  EXPECT_EQ(receive_reply(half).status, 408);
}

}  // namespace
}  // namespace sluice::admin
