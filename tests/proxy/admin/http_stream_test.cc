// Replies that go on, and requests whose answer takes as long as it takes.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "proxy/admin/http.h"
#include "tests/proxy/admin/desk.h"

namespace sluice::admin {
namespace {

using test::End;
using test::eventually;
using test::Peer;
using test::Rest;
using test::Stopwatch;
using namespace std::chrono_literals;

constexpr auto kShortDeadline = 500ms;

Stream::Bytes bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// How often a stream has told of what.
struct Told {
  std::atomic<int> drained{0};
  std::atomic<int> closed{0};
  Stream::Events events(const std::shared_ptr<Told>& self) {
    return {[self] { ++self->drained; }, [self] { ++self->closed; }};
  }
};

class HttpStream : public ::testing::Test {
 protected:
  HttpStream() { server_->start(); }
  static config::Admin hurried() {
    config::Admin config = loopback_config();
    config.limits.deadline = kShortDeadline;
    return config;
  }
  Peer client(int receive_buffer = 0) {
    return Peer::connect(server_->address(), {.receive_buffer = receive_buffer});
  }
  // The request under way, once it has reached the handler.
  Responder asked() {
    EXPECT_TRUE(eventually([&] { return desk_.has_kept(1); }));
    return desk_.take_kept().at(0);
  }
  std::unique_ptr<Stream> begin(Peer& peer, const std::string& request = get("/later")) {
    peer.send(request);
    return asked().stream({200, "text/event-stream", "", {}}, told_->events(told_));
  }
  // A stream whose client takes nothing, with so much in it that some of it waits.
  std::unique_ptr<Stream> fill(Peer& peer) {
    auto stream = begin(peer);
    const Stream::Bytes block = bytes(std::string(1 << 20, 'x'));
    for (int i = 0; i < 32; ++i) stream->write(block);
    return stream;
  }
  static std::string receive_head(Peer& peer) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string byte = peer.receive(1);
      if (byte.empty()) break;
      head += byte;
    }
    return head;
  }
  // No shorter wait shows that something does not happen for so long.
  static void outlast_the_deadline() {
    const Stopwatch watch;
    EXPECT_TRUE(eventually([&] { return watch.elapsed() > 2 * kShortDeadline; }));
  }

  Desk desk_;
  std::shared_ptr<Told> told_ = std::make_shared<Told>();
  std::optional<HttpServer> server_{std::in_place, hurried(), desk_.handler()};
};

TEST_F(HttpStream, SendsWhatIsWrittenUntilItEnds) {
  Peer peer = client();
  auto stream = begin(peer);
  const std::string head = receive_head(peer);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("\r\nContent-Type: text/event-stream\r\n"), head.npos) << head;
  EXPECT_NE(head.find("\r\nConnection: close\r\n"), head.npos) << head;
  EXPECT_EQ(head.find("Content-Length"), head.npos) << head;
  EXPECT_EQ(head.find("Transfer-Encoding"), head.npos) << head;
  stream->write(bytes("one"));
  EXPECT_EQ(peer.receive(3), "one");
  stream->write(bytes(""));
  stream->write(bytes("two"));
  stream->write(bytes("three"));
  stream.reset();
  const Rest rest = peer.receive_rest();
  EXPECT_EQ(rest.text, "twothree");
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_TRUE(eventually([&] { return told_->closed == 1; }));
  EXPECT_EQ(told_->drained, 0) << "nobody asked";
}

TEST_F(HttpStream, BeginsWithTheBodyOfItsHead) {
  Peer peer = client();
  peer.send(get("/later"));
  auto stream = asked().stream({200, "text/plain", "first ", {}}, {});
  stream->write(bytes("second"));
  stream.reset();
  EXPECT_TRUE(peer.receive_rest().text.ends_with("\r\n\r\nfirst second"));
}

TEST_F(HttpStream, AnswersTheHeadAlone) {
  Peer peer = client();
  const auto stream = begin(peer, "HEAD /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stream->write(bytes("never"));
  const Rest rest = peer.receive_rest();
  EXPECT_TRUE(rest.text.ends_with("\r\n\r\n")) << rest.text;
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_TRUE(eventually([&] { return told_->closed == 1; }));
}

TEST_F(HttpStream, ServesHttp10) {
  Peer peer = client();
  auto stream = begin(peer, "GET /later HTTP/1.0\r\n\r\n");
  stream->write(bytes("x"));
  stream.reset();
  EXPECT_TRUE(peer.receive_rest().text.ends_with("\r\n\r\nx"));
}

TEST_F(HttpStream, NoticesAtOnceThatTheClientHasGone) {
  for (const bool by_reset : {false, true}) {
    const int before = told_->closed;
    Peer peer = client();
    const auto stream = begin(peer);
    receive_head(peer);
    by_reset ? peer.reset() : peer.close();
    EXPECT_TRUE(eventually([&] { return told_->closed == before + 1; }));
    stream->write(bytes("lost"));
    EXPECT_EQ(stream->backlog(), 0u);
    EXPECT_FALSE(stream->await_drain());
  }
}

TEST_F(HttpStream, NoticesThatTheClientHadGoneBefore) {
  Peer peer = client();
  peer.send(get("/later"));
  const Responder responder = asked();
  peer.close();
  const auto stream = responder.stream({}, told_->events(told_));
  EXPECT_TRUE(eventually([&] { return told_->closed == 1; }));
}

TEST_F(HttpStream, IsNoneWhenNobodyWaitsForTheAnswer) {
  Peer peer = client();
  peer.send(get("/later"));
  const Responder responder = asked();
  responder.send(Reply::json("{}"));
  EXPECT_EQ(responder.stream({}, told_->events(told_)), nullptr);
  EXPECT_EQ(receive_reply(peer).body, "{}");
  peer.send(get("/later"));
  const Responder late = asked();
  server_.reset();
  EXPECT_EQ(late.stream({}, told_->events(told_)), nullptr);
  EXPECT_EQ(told_->closed, 0);
}

TEST_F(HttpStream, TellsWhenWhatWaitedIsTaken) {
  Peer peer = client(4096);
  auto stream = fill(peer);
  EXPECT_GT(stream->backlog(), 0u);
  ASSERT_TRUE(stream->await_drain());
  EXPECT_EQ(told_->drained, 0);
  const std::size_t size = receive_head(peer).size();
  EXPECT_GT(size, 0u);
  std::size_t taken = 0;
  while (taken < 32u << 20) {
    const std::string some = peer.receive(1 << 20);
    ASSERT_FALSE(some.empty());
    taken += some.size();
  }
  EXPECT_TRUE(eventually([&] { return told_->drained == 1; }));
  EXPECT_EQ(stream->backlog(), 0u);
  EXPECT_FALSE(stream->await_drain());
}

TEST_F(HttpStream, ResetsAClientThatTakesNothing) {
  Peer peer = client(4096);
  const auto stream = fill(peer);
  EXPECT_TRUE(eventually([&] { return told_->closed == 1; }));
  EXPECT_EQ(peer.wait_for_end(), End::rst);
  EXPECT_EQ(told_->drained, 0);
}

TEST_F(HttpStream, BearsAClientThatTakesLittle) {
  Peer peer = client(4096);
  const auto stream = fill(peer);
  for (int i = 0; i < 4; ++i) {  // more than two deadlines, and no more bytes than the kernel holds
    const Stopwatch watch;
    EXPECT_FALSE(peer.receive(8192).empty());
    EXPECT_TRUE(eventually([&] { return watch.elapsed() > kShortDeadline * 3 / 5; }));
  }
  EXPECT_EQ(told_->closed, 0);
}

TEST_F(HttpStream, HasNoDeadlineWhileNothingWaits) {
  Peer peer = client();
  auto stream = begin(peer);
  receive_head(peer);
  outlast_the_deadline();
  stream->write(bytes("late"));
  EXPECT_EQ(peer.receive(4), "late");
  EXPECT_EQ(told_->closed, 0);
}

TEST_F(HttpStream, CountsAmongTheConnections) {
  config::Admin config = hurried();
  config.limits.connections = 1;
  server_->reconfigure(config);
  Peer peer = client();
  const auto stream = begin(peer);
  Peer other = client();
  other.send(get("/a"));
  EXPECT_EQ(receive_reply(other).status, 503);
}

TEST_F(HttpStream, EndsWithTheServer) {
  Peer peer = client();
  const auto stream = begin(peer);
  stream->write(bytes("last"));
  receive_head(peer);
  EXPECT_EQ(peer.receive(4), "last");
  server_.reset();
  EXPECT_EQ(told_->closed, 1);
  EXPECT_EQ(peer.wait_for_end(), End::fin);
  stream->write(bytes("lost"));
}

TEST_F(HttpStream, TakesBytesFromAnyThread) {
  Peer peer = client();
  auto stream = begin(peer);
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int k = 0; k < 500; ++k) stream->write(bytes("0123456789"));
    });
  }
  for (std::thread& writer : writers) writer.join();
  receive_head(peer);
  std::string all = peer.receive(20'000);
  EXPECT_EQ(all.size(), 20'000u);
}

TEST_F(HttpStream, HoldsARequestBeyondTheDeadline) {
  Peer peer = client();
  peer.send(get("/later"));
  const Responder responder = asked();
  responder.hold([this] { ++told_->closed; });
  outlast_the_deadline();
  EXPECT_TRUE(responder.is_awaited());
  responder.send(Reply::json("at last"));
  EXPECT_EQ(receive_reply(peer).body, "at last");
  peer.send(get("/a"));
  EXPECT_EQ(receive_reply(peer).body, "GET /a ");
  EXPECT_EQ(told_->closed, 0);
}

TEST_F(HttpStream, TellsThatNobodyWaitsForWhatIsHeld) {
  Peer before = client();
  before.send(get("/later"));
  const Responder gone = asked();
  before.close();
  gone.hold([this] { ++told_->closed; });
  EXPECT_TRUE(eventually([&] { return told_->closed == 1; }));
  EXPECT_FALSE(gone.is_awaited());

  Peer after = client();
  after.send(get("/later"));
  const Responder held = asked();
  held.hold([this] { ++told_->closed; });
  after.close();
  EXPECT_TRUE(eventually([&] { return told_->closed == 2; }));

  Peer stays = client();
  stays.send(get("/later"));
  const Responder kept = asked();
  kept.hold([this] { ++told_->closed; });
  server_.reset();
  EXPECT_EQ(told_->closed, 3);
  EXPECT_EQ(receive_reply(stays).status, 503);
}

}  // namespace
}  // namespace sluice::admin
