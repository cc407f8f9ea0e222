// How bytes, ends and resets pass through: scenarios A.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/payload.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// A01
TEST(Relay, EchoesTwiceAndPassesOnTheServersClose) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  for (const auto& [question, answer] : {std::pair{"foo1", "bar1"}, {"foo3", "bar3"}}) {
    client.send(question);
    EXPECT_EQ(server.receive(4), question);
    server.send(answer);
    EXPECT_EQ(client.receive(4), answer);
  }
  client.send("close");
  EXPECT_EQ(server.receive(5), "close");
  server.send("close");
  server.close();

  const Rest rest = client.receive_rest();
  EXPECT_EQ(rest.text, "close");
  EXPECT_EQ(rest.end, End::fin);
  client.try_send("more");
  EXPECT_EQ(client.receive_rest().bytes, 0u);
  client.close();
  invariants.expect_hold();
}

// A02
TEST(Relay, SilentClientOutlivesTheConnectTimeout) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .service = "timeouts: {connect: 300ms}"});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  EXPECT_TRUE(client.stays_quiet(900ms));
  EXPECT_TRUE(echoes(client, "still here"));

  client.close();
  invariants.expect_hold();
}

// A03
TEST(Relay, ServerSpeaksFirst) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Stopwatch watch;
  Peer client = sluice.connect();
  Peer server = backend.accept();
  server.send("hello");
  EXPECT_EQ(client.receive(5), "hello");
  EXPECT_LT(watch.elapsed(), 1s);
  client.send("12345");
  EXPECT_EQ(server.receive(5), "12345");
  server.send("67890");
  EXPECT_EQ(client.receive(5), "67890");
  server.finish();
  EXPECT_EQ(client.wait_for_end(), End::fin);
  client.finish();
  EXPECT_EQ(server.wait_for_end(), End::fin);

  const auto session = sluice.sessions(1).at(0);
  EXPECT_EQ(session.at("reason"), "upstream_closed");
  EXPECT_EQ(session.at("bytes_up"), 5);
  EXPECT_EQ(session.at("bytes_down"), 10);
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "upstream_closed"}}), 1);
  client.close();
  server.close();
  invariants.expect_hold();
}

// A04
TEST(Relay, ClientHalfClosesAndReadsTheAnswer) {
  const auto size = size_of_run<std::uint64_t>(1 << 20, (std::uint64_t{1} << 32) + 1);
  Backend server(sum());
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  ASSERT_EQ(client.send_stream(4, size, 10min), size);
  client.finish();

  const Rest rest = client.receive_rest(10min);
  EXPECT_EQ(rest.text, std::to_string(size) + " " + sha256_of_stream(4, size) + "\n");
  EXPECT_EQ(rest.end, End::fin);
  EXPECT_EQ(sluice.metric("sluice_bytes_total", {{"direction", "upstream"}}),
            static_cast<double>(size));
  client.close();
  invariants.expect_hold();
}

// A05
TEST(Relay, ServerHalfClosesAndReadsOn) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  server.finish();
  EXPECT_EQ(client.wait_for_end(), End::fin);
  client.send("SEE");
  EXPECT_EQ(server.receive(3), "SEE");
  client.close();
  EXPECT_EQ(server.wait_for_end(), End::fin);
  server.close();
  invariants.expect_hold();
}

// A09: the server has said all it has to say, and does not read before the client has sent what it
// could.
TEST(Relay, FlushesToASlowServerAfterTheClientHasGone) {
  constexpr std::uint64_t kBytes = 50 << 20;
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  std::thread sending([kBytes, client = sluice.connect()]() mutable {
    EXPECT_EQ(client.send_stream(9, kBytes, 60s), kBytes);
    client.close();
  });
  Peer server = backend.accept();
  server.finish();
  EXPECT_TRUE(settles([&] { return sluice.metric("sluice_bytes_total"); }));

  const Rest rest = server.receive_rest(60s);
  sending.join();
  EXPECT_EQ(rest.bytes, kBytes);
  EXPECT_EQ(rest.sha256, sha256_of_stream(9, kBytes));
  EXPECT_EQ(rest.end, End::fin);
  server.close();
  invariants.expect_hold();
}

// A11
TEST(Relay, ResetOfTheClientReachesTheServerAsAReset) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  client.send("x");
  EXPECT_EQ(server.receive(1), "x");
  Stopwatch watch;
  client.reset();
  EXPECT_EQ(server.wait_for_end(), End::rst);
  EXPECT_LT(watch.elapsed(), 1s);

  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "client_reset");
  server.close();
  invariants.expect_hold();
}

// A11, the other way
TEST(Relay, ResetOfTheServerReachesTheClientAsAReset) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  client.send("x");
  EXPECT_EQ(server.receive(1), "x");
  Stopwatch watch;
  server.reset();
  EXPECT_EQ(client.wait_for_end(), End::rst);
  EXPECT_LT(watch.elapsed(), 1s);

  EXPECT_EQ(sluice.sessions(1).at(0).at("reason"), "upstream_reset");
  client.close();
  invariants.expect_hold();
}

// Bytes that the kernel had accepted before the reset are delivered first.
TEST(Relay, DeliversWhatCameBeforeAReset) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  client.send("x");
  EXPECT_EQ(server.receive(1), "x");
  server.send("last words");
  server.reset();
  const Rest rest = client.receive_rest();
  EXPECT_EQ(rest.text, "last words");
  EXPECT_EQ(rest.end, End::rst);
  client.close();
  invariants.expect_hold();
}

// --- Services whose clients speak first, by habit: their handshakes end with the first bytes.

void make_a_habit_of_speaking_first(const Sluice& sluice, Acceptor& backend) {
  for (int i = 0; i < 64; ++i) {
    Peer client = sluice.connect();
    client.send("x");
    Peer server = backend.accept();
    ASSERT_EQ(server.receive(1), "x");
  }
}

double median_of(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + values.size() / 2);
  return values[values.size() / 2];
}

TEST(Relay, AFirstAnswerInPiecesWaitsForNoAcknowledgement) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}, .process = "workers: 1"});
  Invariants invariants(sluice);
  make_a_habit_of_speaking_first(sluice, backend);

  for (const std::size_t pieces : {1u, 2u, 4u}) {
    std::vector<double> waits;
    for (int i = 0; i < 15; ++i) {
      Peer client = sluice.connect();
      std::optional<Peer> server;
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        client.send("question");
        if (!server) server = backend.accept();
        ASSERT_EQ(server->receive(8), "question");
      }
      set_option(server->socket(), IPPROTO_TCP, TCP_NODELAY, 0);
      Stopwatch watch;
      for (const char* part : {"one", "two", "six"}) server->send(part);
      ASSERT_EQ(client.receive(9), "onetwosix");
      waits.push_back(watch.seconds());
    }
    EXPECT_LT(median_of(waits), 0.035) << "of a question in " << pieces;
  }
  invariants.expect_hold();
}

TEST(Relay, AGreetingIsSoonThoughClientsSpokeFirstBefore) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}, .process = "workers: 1"});
  Invariants invariants(sluice);
  const auto greet = [&] {
    Stopwatch watch;
    Peer client = sluice.connect();
    Peer server = backend.accept();
    server.send("220 welcome");
    EXPECT_EQ(client.receive(11), "220 welcome");
    return watch.seconds();
  };
  std::vector<double> first, later;
  for (int i = 0; i < 5; ++i) {
    make_a_habit_of_speaking_first(sluice, backend);
    first.push_back(greet());
    for (int next = 0; next < 3; ++next) later.push_back(greet());
  }
  EXPECT_GT(median_of(first), 0.015) << "the habit, which this is about, has not been made";
  EXPECT_LT(median_of(first), 0.100);
  EXPECT_LT(median_of(later), 0.015);
  invariants.expect_hold();
}

// A13: no message waits for a delayed acknowledgement (40 ms).
TEST(Relay, SingleBytesGoThroughAtOnce) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  const std::string text = stream_bytes(13, 4000);
  std::vector<double> latencies;
  for (const char byte : text) {
    Stopwatch watch;
    client.send({&byte, 1});
    ASSERT_EQ(client.receive(1), std::string(1, byte));
    latencies.push_back(watch.seconds());
  }
  std::ranges::sort(latencies);
  EXPECT_LT(latencies[latencies.size() * 99 / 100], 0.020);

  for (const char byte : text) client.send({&byte, 1});
  EXPECT_EQ(client.receive(text.size()), text);
  client.close();
  invariants.expect_hold();
}

// A14: the urgent byte itself may be lost; what is in the stream must not be.
TEST(Relay, UrgentBytesDisturbNothing) {
  Acceptor backend;
  Sluice sluice({.instances = {backend.address()}});
  Invariants invariants(sluice);

  Peer client = sluice.connect();
  Peer server = backend.accept();
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    client.send("ab");
    client.send_urgent('!');
    client.send("cd");
    expected += "abcd";
  }
  client.finish();
  std::string received = server.receive_rest().text;
  std::erase(received, '!');
  EXPECT_EQ(received, expected);
  server.send("usable");
  EXPECT_EQ(client.receive(6), "usable");
  client.close();
  server.close();
  invariants.expect_hold();
}

// A15: around the 32-bit limits; the short form does the same around 2^26. How much of it is
// spliced depends on who is faster, the server or the proxy.
TEST(Relay, CountsAndDeliversExactlyAroundThe4GiBLimits) {
  const std::uint64_t one = 1;
  const std::vector<std::uint64_t> sizes =
      is_long_run()
          ? std::vector{(one << 31) - 1, one << 31, (one << 32) - 1, one << 32, (one << 32) + 1}
          : std::vector{(one << 26) - 1, one << 26, (one << 26) + 1};
  std::vector<double> rates;
  for (const std::uint64_t size : sizes) {
    Backend server(source(size, size));
    Sluice sluice({.instances = {server.address()}});
    Invariants invariants(sluice);

    Stopwatch watch;
    Peer client = sluice.connect();
    const Rest rest = client.receive_rest(10min);
    rates.push_back(static_cast<double>(size) / watch.seconds());
    EXPECT_EQ(rest.bytes, size);
    EXPECT_EQ(rest.sha256, sha256_of_stream(size, size));
    EXPECT_EQ(rest.end, End::fin);
    client.close();

    EXPECT_EQ(sluice.sessions(1).at(0).at("bytes_down"), size);
    EXPECT_EQ(sluice.metric("sluice_bytes_total", {{"direction", "downstream"}}),
              static_cast<double>(size));
    invariants.expect_hold();
  }
  if (is_long_run()) {
    EXPECT_LT(std::ranges::max(rates), 2 * std::ranges::min(rates));
  }
}

}  // namespace
}  // namespace sluice::test
