// What connections cost, and that all of it comes back: scenarios O03, O04, O06 and O08.
#include <gtest/gtest.h>

#include <cstdio>

#include <algorithm>
#include <fstream>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/payload.h"
#include "tests/support/procfs.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kBuffer = 64 << 10;  // relay.buffer, its default
// A sanitizer keeps freed memory for a while: with one, only gross waste shows.
const std::uint64_t kSanitizerFactor = kSanitized ? 128 : 1;

// The third figure of net.ipv4.tcp_rmem or tcp_wmem: the most that one socket buffers.
std::uint64_t most_buffered(const std::string& sysctl) {
  std::ifstream file("/proc/sys/net/ipv4/" + sysctl);
  std::uint64_t least = 0, usual = 0, most = 0;
  file >> least >> usual >> most;
  return most;
}

// O03: what a client does not read stays with the kernel and the server, not with the proxy.
TEST(Memory, SlowClientHoldsTheServerBack) {
  const std::uint64_t bytes = size_of_run(256 * kMiB, 1024 * kMiB);
  Backend server(source(3, bytes));
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);
  const std::uint64_t before = resident_bytes(sluice.pid());

  Peer client = sluice.connect();
  EXPECT_TRUE(settles([&] { return static_cast<double>(server.sent()); },
                      size_of_run<Milliseconds>(1s, 5s), 60s));
  EXPECT_LE(resident_bytes(sluice.pid()),
            before + (2 * kBuffer + kMiB) * kSanitizerFactor + 2 * kMiB);
  const std::uint64_t kernel = 2 * (most_buffered("tcp_rmem") + most_buffered("tcp_wmem"));
  EXPECT_LE(server.sent(), kernel + 2 * kMiB);
  EXPECT_LT(server.sent(), bytes);

  const Rest rest = client.receive_rest(10min);
  EXPECT_EQ(rest.bytes, bytes);
  EXPECT_EQ(rest.sha256, sha256_of_stream(3, bytes));
  client.close();
  invariants.expect_hold();
}

// O03, the other way
TEST(Memory, SlowServerHoldsTheClientBack) {
  const std::uint64_t bytes = size_of_run(256 * kMiB, 1024 * kMiB);
  Backend server(unread());
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);
  const std::uint64_t before = resident_bytes(sluice.pid());

  Peer client = sluice.connect();
  Peer same_client(Fd(::dup(client.socket().get())));
  std::thread sending([&] {
    EXPECT_EQ(client.send_stream(3, bytes, 10min), bytes);
    client.finish();
  });
  // All sockets together take no more than the kernel allows them, so this settles before the end.
  EXPECT_TRUE(settles([&] { return sluice.metric("sluice_bytes_total"); },
                      size_of_run<Milliseconds>(1s, 5s), 60s));
  EXPECT_LE(resident_bytes(sluice.pid()),
            before + (2 * kBuffer + kMiB) * kSanitizerFactor + 2 * kMiB);
  EXPECT_EQ(server.received(), 0u);

  server.release();
  sending.join();
  EXPECT_EQ(same_client.receive_rest(10min).text,
            std::to_string(bytes) + " " + sha256_of_stream(3, bytes) + "\n");
  client.close();
  same_client.close();
  invariants.expect_hold();
}

// O04: sockets on both sides are kept small, so that the pairs stall early and the kernel's memory
// lasts.
TEST(Memory, ManySlowClientsHarmNobodyElse) {
  const std::size_t pairs = size_of_run<std::size_t>(400, 2'000);
  constexpr std::uint64_t kBytes = 4 * kMiB;
  raise_fd_limit(20'000);
  Backend pushing(source(1, kBytes), {.send_buffer = 16 << 10, .max_segment = 1'400});
  Backend normal(echo());
  const std::string door = loopback(reserve_port());
  Sluice sluice({.instances = {pushing.address()},
                 .listeners = {"{bind: \"" + door + "\", service: normal}"},
                 .services = {"{name: normal, instances: [\"" + normal.address() + "\"]}"}});
  Invariants invariants(sluice);
  const std::uint64_t before = resident_bytes(sluice.pid());

  std::vector<Peer> slow;
  for (std::size_t i = 0; i < pairs; ++i)
    slow.push_back(sluice.connect({.receive_buffer = 4 << 10, .max_segment = 1'400}));
  EXPECT_TRUE(eventually([&] { return pushing.accepted() == pairs; }));
  EXPECT_TRUE(settles([&] { return static_cast<double>(pushing.sent()); }, 500ms, 60s));
  EXPECT_LT(pushing.sent(), pairs * kBytes);
  const std::uint64_t most = before + (pairs * 2 * kBuffer + 32 * kMiB) * kSanitizerFactor;
  EXPECT_LE(resident_bytes(sluice.pid()), most);

  std::vector<double> latencies;
  for (int i = 0; i < 100; ++i) {
    Stopwatch watch;
    Peer client = Peer::connect(door);
    EXPECT_TRUE(echoes(client, "x"));
    latencies.push_back(watch.seconds());
  }
  std::ranges::sort(latencies);
  EXPECT_LT(latencies[98], 0.050);

  slow.clear();
  EXPECT_TRUE(eventually(
      [&] {
        return resident_bytes(sluice.pid()) <= (before * 13 / 10 + 4 * kMiB) * kSanitizerFactor;
      },
      10s))
      << before << " bytes before, " << resident_bytes(sluice.pid()) << " after";
  invariants.expect_hold(16 * kMiB);
}

// O06: an idle connection owns no buffer and no pipe.
TEST(Memory, IdleConnectionsAreSmall) {
  constexpr std::uint64_t kBytesAPair = 2 << 10;
  const std::size_t pairs = size_of_run<std::size_t>(1'000, 9'000);
  ASSERT_GE(raise_fd_limit(20'000), 2 * pairs + 100);
  Backend server(hold());
  Sluice sluice({.instances = {server.address()}, .fd_limit = 20'000});
  Invariants invariants(sluice);
  const std::uint64_t before = resident_bytes(sluice.pid());

  Stopwatch accepting;
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < pairs; ++i)
    clients.push_back(sluice.connect({.source = "127.0.0." + std::to_string(1 + i / 5'000)}));
  EXPECT_TRUE(eventually([&] { return server.live() == pairs; }));
  EXPECT_LT(accepting.elapsed(), 10s);
  const std::uint64_t grown = resident_bytes(sluice.pid()) - before;
  std::printf("%zu idle connections: %zu bytes each\n", pairs, std::size_t(grown / pairs));
  EXPECT_LE(grown / pairs, kBytesAPair * kSanitizerFactor);

  const auto cpu = cpu_time(sluice.pid());
  EXPECT_TRUE(clients.front().stays_quiet(1s));
  EXPECT_LE(cpu_time(sluice.pid()) - cpu, kSanitized ? 120ms : 30ms);
  clients.clear();
  invariants.expect_hold(pairs * kBytesAPair);
}

// O08: five ways in which connections go wrong, over and over.
TEST(Leaks, ChurnLeavesNothingBehind) {
  const int rounds = size_of_run(400, 10'000);
  Backend good(ident("good")), resetting(reset_on_accept());
  const DeadEnd dead;
  const BlackHole hole;
  std::vector<std::string> doors;
  Scene scene{.instances = {good.address()}};
  for (const std::string& address : {resetting.address(), dead.address(), hole.address()}) {
    const std::string name = "s" + std::to_string(doors.size());
    doors.push_back(loopback(reserve_port()));
    scene.listeners.push_back("{bind: \"" + doors.back() + "\", service: " + name + "}");
    scene.services.push_back("{name: " + name + ", instances: [\"" + address + "\"]}");
  }
  Sluice sluice(scene);
  const auto one_round = [&] {
    EXPECT_EQ(ask(sluice), "good");
    sluice.connect().close();                                      // not a byte
    EXPECT_NE(Peer::connect(doors[0]).wait_for_end(), End::open);  // the instance resets
    EXPECT_NE(Peer::connect(doors[1]).wait_for_end(), End::open);  // the instance is dead
    Peer::connect(doors[2]).reset();  // the client leaves while we connect
  };
  for (int i = 0; i < 50; ++i) one_round();
  Invariants invariants(sluice);

  for (int i = 0; i < rounds; ++i) one_round();

  EXPECT_TRUE(eventually([&] {
    return std::ranges::none_of(tcp_sockets(sluice.pid()),
                                [](const TcpSocket& socket) { return socket.state == kCloseWait; });
  }));
  const auto cycles = static_cast<std::uint64_t>(5 * rounds);
  invariants.expect_hold(2 * kMiB + cycles * kMiB / 10'000);
}

}  // namespace
}  // namespace sluice::test
