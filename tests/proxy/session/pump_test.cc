#include "proxy/session/pump.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <random>

#include "tests/proxy/session/rig.h"

namespace sluice::session {
namespace {

using Progress = Pump::Progress;

std::string random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// speaker -> (source | pump | sink) -> hearer
class PumpTest : public testing::Test, net::Pollable {
 protected:
  PumpTest() {
    auto in = tcp_pair();
    auto out = tcp_pair();
    speaker = std::move(in.first);
    hearer = std::move(out.first);
    EXPECT_TRUE(source.open(rig.poller, std::move(in.second), *this));
    EXPECT_TRUE(sink.open(rig.poller, std::move(out.second), *this));
    sink.writable = true;
  }
  ~PumpTest() override { pump.drop_parked(rig.context); }

  void on_ready() override { turn(); }
  void turn() {
    progress = pump.turn(source, sink, relay, false, rig.context);
    if (progress == Progress::more) rig.poller.again(*this);
  }
  bool heard(const std::function<bool()>& enough) {
    return rig.run_until([&] {
      ear.listen(hearer);
      return enough();
    });
  }
  // Speaks it all, hearing meanwhile if `hear`.
  void speak(const std::string& bytes) {
    std::size_t said = 0;
    EXPECT_TRUE(rig.run_until([&] {
      if (said < bytes.size()) {
        const ssize_t sent =
            ::send(speaker.get(), bytes.data() + said, bytes.size() - said, MSG_NOSIGNAL);
        if (sent > 0) said += static_cast<std::size_t>(sent);
      }
      ear.listen(hearer);
      return ear.bytes.size() == bytes.size();
    }));
  }

  Rig rig;
  config::Relay relay;
  net::Socket source;
  net::Socket sink;
  Pump pump;
  net::Fd speaker;
  net::Fd hearer;
  Heard ear;
  Progress progress = Progress::waiting;
};

TEST_F(PumpTest, PassesASmallMessageWithoutKeepingABuffer) {
  send_text(speaker, "hello");
  ASSERT_TRUE(heard([&] { return ear.bytes == "hello"; }));
  EXPECT_EQ(progress, Progress::waiting);
  EXPECT_EQ(pump.moved(), 5u);
  EXPECT_EQ(pump.spliced(), 0u);
  EXPECT_FALSE(pump.has_parked());
}

int nodelay(const net::Socket& socket) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  return value;
}

TEST_F(PumpTest, SwitchesNagleOffBeforeTheSecondWrite) {
  sink.nagles = true;
  send_text(speaker, "one");
  ASSERT_TRUE(heard([&] { return ear.bytes == "one"; }));
  EXPECT_EQ(nodelay(sink), 0);
  send_text(speaker, "two");
  ASSERT_TRUE(heard([&] { return ear.bytes == "onetwo"; }));
  EXPECT_EQ(nodelay(sink), 1);
  EXPECT_FALSE(sink.nagles);
}

TEST_F(PumpTest, SwitchesNagleOffWhereSomebodyElseHasWrittenFirst) {
  sink.nagles = true;
  Pump::Begun begun;
  begun.passed = 3;
  pump.resume(std::move(begun));
  send_text(speaker, "two");
  ASSERT_TRUE(heard([&] { return ear.bytes == "two"; }));
  EXPECT_EQ(nodelay(sink), 1);
}

TEST_F(PumpTest, LeavesNagleToWhoWantsIt) {
  send_text(speaker, "one");
  ASSERT_TRUE(heard([&] { return ear.bytes == "one"; }));
  send_text(speaker, "two");
  ASSERT_TRUE(heard([&] { return ear.bytes == "onetwo"; }));
  EXPECT_EQ(nodelay(sink), 0);
}

TEST_F(PumpTest, SwitchesNagleOffForABulkStream) {
  sink.nagles = true;
  const std::string bytes = random_bytes(1u << 20);
  speak(bytes);
  EXPECT_EQ(nodelay(sink), 1);
}

TEST_F(PumpTest, PassesTheEndOnAsAnEnd) {
  send_text(speaker, "last words");
  ::shutdown(speaker.get(), SHUT_WR);
  ASSERT_TRUE(heard([&] { return ear.fin; }));
  EXPECT_EQ(ear.bytes, "last words");
  EXPECT_EQ(progress, Progress::finished);
  EXPECT_TRUE(pump.is_over());
}

TEST_F(PumpTest, DeliversWhatCameBeforeAReset) {
  send_text(speaker, "famous last words");
  reset(speaker);
  ASSERT_TRUE(heard([&] { return pump.is_over(); }));
  EXPECT_EQ(progress, Progress::source_failed);
  EXPECT_EQ(pump.error(), ECONNRESET);
  ear.listen(hearer);
  EXPECT_EQ(ear.bytes, "famous last words");
}

TEST_F(PumpTest, TurnsToSpliceForBulkAndGivesThePipeBack) {
  const std::string bytes = random_bytes(8u << 20);
  speak(bytes);
  EXPECT_TRUE(ear.bytes == bytes);
  EXPECT_GT(pump.spliced(), bytes.size() / 2);
  EXPECT_EQ(pump.moved(), bytes.size());
  EXPECT_FALSE(pump.has_parked());
}

TEST_F(PumpTest, NeverSplicesWhereSpliceIsOff) {
  relay.splice = config::SpliceMode::off;
  const std::string bytes = random_bytes(4u << 20);
  speak(bytes);
  EXPECT_TRUE(ear.bytes == bytes);
  EXPECT_EQ(pump.spliced(), 0u);
}

TEST_F(PumpTest, StopsReadingWhenNobodyHears) {
  // The speaker is blocked in the end: what is on its way is bounded by kernel buffers and one
  // chunk.
  const std::string bytes = random_bytes(1u << 20);
  std::size_t said = 0;
  int refused = 0;
  ASSERT_TRUE(rig.run_until([&] {
    const ssize_t sent = ::send(speaker.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    refused = sent < 0 ? refused + 1 : 0;
    if (sent > 0) said += static_cast<std::size_t>(sent);
    return refused > 50;
  }));
  EXPECT_TRUE(pump.has_parked());
  const std::uint64_t moved = pump.moved();
  EXPECT_GT(said, moved);
  // And goes on where it stopped once somebody does.
  ASSERT_TRUE(heard([&] { return ear.bytes.size() == said; }));
  EXPECT_EQ(pump.moved(), said);
  EXPECT_FALSE(pump.has_parked());
}

TEST_F(PumpTest, OneTurnMovesNoMoreThanItsBound) {
  // All of it waits in kernel buffers before the first turn; both sides can take more than one turn
  // may move.
  const int roomy = 8 << 20;
  ::setsockopt(sink.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &roomy, sizeof(roomy));
  ::setsockopt(source.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &roomy, sizeof(roomy));
  const std::string bytes = random_bytes(16u << 20);
  std::size_t said = 0;
  for (ssize_t sent = 0; sent >= 0 && said < bytes.size();) {
    sent = ::send(speaker.get(), bytes.data() + said, bytes.size() - said, MSG_NOSIGNAL);
    if (sent > 0) said += static_cast<std::size_t>(sent);
  }
  source.readable = true;
  progress = pump.turn(source, sink, relay, false, rig.context);
  EXPECT_LE(pump.moved(), Pump::kTurnBytes + PipePool::kCapacity);
  EXPECT_LT(pump.moved(), said);
}

TEST_F(PumpTest, DropsWhatIsMeantForASinkThatIsGone) {
  reset(hearer);
  ASSERT_TRUE(rig.run_until([&] { return sink.failed; }));
  send_text(speaker, "to nobody");
  ASSERT_TRUE(rig.run_until([&] { return pump.is_over(); }));
  EXPECT_EQ(progress, Progress::sink_failed);
  EXPECT_EQ(pump.moved(), 0u);
}

TEST_F(PumpTest, ReadsOnPastAnUrgentMark) {
  for (int i = 0; i < 50; ++i) {
    send_text(speaker, "ab");
    ASSERT_EQ(::send(speaker.get(), "!", 1, MSG_OOB | MSG_NOSIGNAL), 1);
    send_text(speaker, "cd");
  }
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "abcd";
  // All urgent bytes but the last lose their urgency when the next one comes, and are read in
  // order.
  ASSERT_TRUE(heard([&] {
    std::string plain = ear.bytes;
    std::erase(plain, '!');
    return plain == expected;
  })) << ear.bytes;
}

TEST_F(PumpTest, PassesByteByByteInOrder) {
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string byte(1, static_cast<char>('a' + i % 26));
    send_text(speaker, byte);
    expected += byte;
    ASSERT_TRUE(heard([&] { return ear.bytes == expected; }));
  }
}

}  // namespace
}  // namespace sluice::session
