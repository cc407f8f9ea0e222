// Each server behaves as its name says, without a proxy in between.
#include "tests/support/servers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "tests/support/admin.h"
#include "tests/support/payload.h"
#include "tests/support/peer.h"
#include "tests/support/procfs.h"

namespace sluice::test {
namespace {

TEST(Servers, EchoAnswersWhatItHears) {
  Backend server(echo());
  Peer client = Peer::connect(server.address());
  client.send("hello");
  EXPECT_EQ(client.receive(5), "hello");
  client.finish();
  EXPECT_EQ(client.wait_for_end(), End::fin);
  EXPECT_TRUE(eventually([&] { return server.live() == 0; }));
  EXPECT_EQ(server.count(Backend::Event::What::client_finished), 1u);
}

TEST(Procfs, TellsTheSocketsOfAProcessAndTheirStates) {
  Acceptor listener;
  const std::uint16_t port = ntohs(Address::parse(listener.address()).ipv4.sin_port);
  Peer client = Peer::connect(listener.address());
  Peer server = listener.accept();
  const auto states = [&] {
    std::multiset<int> here, there;
    for (const TcpSocket& socket : tcp_sockets(::getpid())) {
      if (socket.local_port == port) here.insert(socket.state);
      if (socket.remote_port == port) there.insert(socket.state);
    }
    return std::pair(here, there);
  };
  using States = std::pair<std::multiset<int>, std::multiset<int>>;
  constexpr int kEstablished = 1, kFinWait2 = 5;
  EXPECT_EQ(states(), (States{{kEstablished, kListening}, {kEstablished}}));
  client.finish();
  EXPECT_TRUE(
      eventually([&] { return states() == States{{kCloseWait, kListening}, {kFinWait2}}; }));
  server.close();
  EXPECT_TRUE(eventually([&] { return states().first == std::multiset{kListening}; }));
}

TEST(Servers, EchoReturnsMoreThanTheKernelHolds) {
  Backend server(echo());
  Peer client = Peer::connect(server.address());
  Peer reader(Fd(::dup(client.socket().get())));
  Rest rest;
  std::thread reading([&] { rest = reader.receive_rest(); });
  EXPECT_EQ(client.send_stream(1, 50 << 20), 50u << 20);
  client.finish();
  reading.join();
  EXPECT_EQ(rest.bytes, 50u << 20);
  EXPECT_EQ(rest.sha256, sha256_of_stream(1, 50 << 20));
}

TEST(Servers, IdentGivesItsNameAndCloses) {
  Backend server(ident("B"));
  Peer client = Peer::connect(server.address());
  client.send(".");
  const Rest rest = client.receive_rest();
  EXPECT_EQ(rest.text, "B");
  EXPECT_EQ(rest.end, End::fin);
}

TEST(Servers, SumTellsLengthAndDigestAfterTheEnd) {
  Backend server(sum());
  Peer client = Peer::connect(server.address());
  client.send("abc");
  client.finish();
  EXPECT_EQ(client.receive_rest().text, "3 " + sha256("abc") + "\n");
}

TEST(Servers, UnreadWaitsForRelease) {
  Backend server(unread());
  Peer client = Peer::connect(server.address());
  client.send("abc");
  client.finish();
  EXPECT_TRUE(client.stays_quiet(50ms));
  server.release();
  EXPECT_EQ(client.receive_rest().text, "3 " + sha256("abc") + "\n");
}

TEST(Servers, SourceSendsItsStream) {
  Backend server(source(5, 3'000'000));
  const Rest rest = Peer::connect(server.address()).receive_rest();
  EXPECT_EQ(rest.bytes, 3'000'000u);
  EXPECT_EQ(rest.sha256, sha256_of_stream(5, 3'000'000));
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_EQ(server.sent(), 3'000'000u);
}

TEST(Servers, ResetOnAcceptResets) {
  Backend server(reset_on_accept());
  EXPECT_EQ(Peer::connect(server.address()).wait_for_end(), End::rst);
}

TEST(Servers, HttpAnswersWithTheStatusOfTheMoment) {
  auto status = std::make_shared<std::atomic<int>>(200);
  Backend server(http(status));
  const Admin client(server.address());
  EXPECT_EQ(client.get("/").status, 200);
  *status = 503;
  EXPECT_EQ(client.get("/").status, 503);
}

TEST(Servers, StoppedRefuseAndStartedServeAgain) {
  Backend server(echo());
  Peer client = Peer::connect(server.address());
  EXPECT_TRUE(eventually([&] { return server.live() == 1; }));
  server.stop();
  EXPECT_NE(client.wait_for_end(), End::open);
  EXPECT_EQ(connect_error(server.address()), ECONNREFUSED);
  server.start();
  Peer again = Peer::connect(server.address());
  again.send("x");
  EXPECT_EQ(again.receive(1), "x");
}

TEST(Servers, DeadEndRefusesAndBlackHoleHangs) {
  const DeadEnd dead;
  const BlackHole hole;
  EXPECT_EQ(connect_error(dead.address()), ECONNREFUSED);
  EXPECT_EQ(connect_error(hole.address(), 100ms), ETIMEDOUT);
}

TEST(Peers, TellAResetFromAFinishAndGiveWhatCameBefore) {
  Acceptor server;
  Peer first = Peer::connect(server.address(), {.source = "127.0.0.77"});
  Peer accepted = server.accept();
  accepted.send("bye");
  accepted.finish();
  const Rest rest = first.receive_rest();
  EXPECT_EQ(rest.text, "bye");
  EXPECT_EQ(rest.end, End::fin);
  accepted.reset();
  Peer second = Peer::connect(server.address());
  server.accept().reset();
  EXPECT_EQ(second.wait_for_end(), End::rst);
}

TEST(Ports, AreDifferentAndBelowTheEphemeralRange) {
  const std::uint16_t first = reserve_port();
  const std::uint16_t second = reserve_port();
  EXPECT_NE(first, second);
  EXPECT_LT(first, 32'768);
}

}  // namespace
}  // namespace sluice::test
