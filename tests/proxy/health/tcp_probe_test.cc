#include "proxy/health/tcp_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/health/probe_rig.h"

namespace sluice::health {
namespace {

using ::testing::StartsWith;
using namespace std::chrono_literals;

void start(ProbeRig& rig, const std::string& address, config::Duration timeout = 10s) {
  rig.start([&](Done done) {
    return std::make_unique<TcpProbe>(rig.poller, rig.wheel, endpoint(address), timeout,
                                      std::move(done));
  });
}

TEST(TcpProbe, SucceedsWhenItIsConnectedAndLeavesWithAFin) {
  test::Acceptor instance;
  ProbeRig rig;
  start(rig, instance.address());

  const Finding finding = rig.wait();

  EXPECT_EQ(finding.outcome, Outcome::success);
  EXPECT_THAT(finding.detail, StartsWith("connected in "));
  EXPECT_GT(finding.duration_us, 0u);
  const test::Rest seen = instance.accept().receive_rest();
  EXPECT_EQ(seen.end, test::End::fin);
  EXPECT_EQ(seen.bytes, 0u);
}

TEST(TcpProbe, SaysItsFirstWordsAndHandsTheConnectionOn) {
  for (const bool is_wanted : {false, true}) {
    test::Acceptor instance;
    ProbeRig rig;
    net::Fd taken;
    rig.start([&](Done done) {
      return std::make_unique<TcpProbe>(
          rig.poller, rig.wheel, endpoint(instance.address()), 10s, std::move(done),
          [](int fd) { return fd >= 0 ? "hello" : ""; },
          is_wanted ? TcpProbe::TakeOver([&](net::Fd fd) { taken = std::move(fd); }) : nullptr);
    });
    EXPECT_EQ(rig.wait().outcome, Outcome::success);
    test::Peer peer = instance.accept();
    EXPECT_EQ(peer.receive(5), "hello");
    EXPECT_EQ(static_cast<bool>(taken), is_wanted);
    EXPECT_EQ(peer.wait_for_end(50ms), is_wanted ? test::End::open : test::End::fin);
  }
}

TEST(TcpProbe, SucceedsOnAUnixSocket) {
  const SocketPath path;
  test::Acceptor instance(path.address());
  ProbeRig rig;
  start(rig, path.address());

  EXPECT_EQ(rig.wait().outcome, Outcome::success);
  EXPECT_EQ(instance.accept().wait_for_end(), test::End::fin);
}

TEST(TcpProbe, FailsWhenNobodyListens) {
  const test::DeadEnd dead_end;
  const SocketPath nothing;
  for (const std::string& address : {dead_end.address(), nothing.address()}) {
    ProbeRig rig;
    start(rig, address);

    const Finding finding = rig.wait();

    EXPECT_EQ(finding.outcome, Outcome::failure) << address;
    EXPECT_EQ(finding.detail, "connection refused") << address;
  }
}

TEST(TcpProbe, FailsWhenAUnixBacklogIsFull) {
  const SocketPath path;
  test::Acceptor instance(path.address(), {.backlog = 0});
  const test::Peer in_the_way = test::Peer::connect(path.address());
  ProbeRig rig;
  start(rig, path.address());

  EXPECT_EQ(rig.wait().detail, "connection refused");
}

TEST(TcpProbe, FailsAtTheTimeoutWhenNothingAnswers) {
  const test::BlackHole hole;
  ProbeRig rig;
  start(rig, hole.address(), 100ms);

  const Finding finding = rig.wait();

  EXPECT_EQ(finding.outcome, Outcome::failure);
  EXPECT_EQ(finding.detail, "no answer within 100 ms");
  EXPECT_GE(finding.duration_us, 100'000u);
}

TEST(TcpProbe, OurOwnLackOfDescriptorsIsNotTheInstancesFailure) {
  const test::Acceptor instance;
  ProbeRig rig;
  {
    const NoMoreDescriptors shortage;
    start(rig, instance.address());
  }
  EXPECT_EQ(rig.wait().outcome, Outcome::own_shortage);
}

TEST(TcpProbe, TellsNothingOnceItIsAbandoned) {
  const test::Acceptor instance;
  const test::BlackHole hole;
  const test::DeadEnd dead_end;
  const SocketPath fails_at_once;
  for (const std::string& address :
       {instance.address(), hole.address(), dead_end.address(), fails_at_once.address()}) {
    ProbeRig rig;
    start(rig, address, 20ms);
    rig.abandon();
    test::run_turns(rig.loop, 40);
    EXPECT_FALSE(rig.is_told()) << address;
  }
}

}  // namespace
}  // namespace sluice::health
