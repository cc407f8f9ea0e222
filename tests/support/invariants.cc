#include "tests/support/invariants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/procfs.h"

namespace sluice::test {
namespace {

const Milliseconds kSettling = kSanitized ? 10s : 2s;
const std::chrono::nanoseconds kIdleCpu = kSanitized ? 120ms : 30ms;
constexpr int kIdleWindows = 3;  // what has just ended may still be cleared away in the first
const std::uint64_t kGrowthFactor = kSanitized ? 16 : 1;
constexpr std::size_t kKeptPipeEnds = 2 * 64 * 2 + 16;  // of two workers, and the loops' own
constexpr double kTwoTo63 = 9223372036854775808.0;

std::uint16_t port_of(const std::string& address) {
  return ntohs(Address::parse(address).ipv4.sin_port);
}

// Sockets of the process that connect it to somebody; a double, as metrics are.
template <class Matches>
double count_connected(pid_t pid, Matches matches) {
  const auto count = std::ranges::count_if(tcp_sockets(pid), [&](const TcpSocket& socket) {
    return socket.state != kListening && matches(socket);
  });
  return static_cast<double>(count);
}

}  // namespace

Invariants::Invariants(Sluice& sluice)
    : sluice_(sluice),
      pid_(sluice.pid()),
      fds_(count_fds(pid_) - count_pipes(pid_)),
      resident_(resident_bytes(pid_)) {}

void Invariants::expect_hold(std::uint64_t may_grow) {
  ASSERT_TRUE(sluice_.is_running()) << sluice_.errors();
  ASSERT_EQ(sluice_.pid(), pid_);
  expect_nothing_left();
  expect_sane_metrics();
  expect_idle();
  EXPECT_LE(resident_bytes(pid_), resident_ + may_grow * kGrowthFactor)
      << "resident before: " << resident_;
}

void Invariants::expect_counts_agree() {
  const auto listener_port = port_of(sluice_.front());
  const auto clients = [&] {
    return count_connected(pid_, [&](const auto& s) { return s.local_port == listener_port; });
  };
  const auto active = [&] {
    return sluice_.metric("sluice_connections_active", {{"listener", "front"}});
  };
  EXPECT_TRUE(eventually([&] { return active() == clients(); }, kSettling))
      << active() << " connections active, " << clients() << " sockets";
  const nlohmann::json service = sluice_.admin().get("/v1/services/s").json();
  for (const auto& instance : service.at("instances")) {
    const std::string id = instance.at("id");
    const std::uint16_t port = instance.at("port");
    const auto sockets = [&] {
      return count_connected(pid_, [&](const auto& s) { return s.remote_port == port; });
    };
    const auto counted = [&] {
      return sluice_.metric("sluice_instance_connections", {{"service", "s"}, {"instance", id}});
    };
    EXPECT_TRUE(eventually([&] { return counted() == sockets(); }, kSettling))
        << counted() << " connections on " << id << ", " << sockets() << " sockets";
  }
}

void Invariants::expect_nothing_left() {
  const auto admin_port = port_of(sluice_.admin().address());
  const auto sockets = [&] {
    return count_connected(pid_, [&](const auto& s) { return s.local_port != admin_port; });
  };
  EXPECT_TRUE(eventually([&] { return sockets() == 0; }, kSettling))
      << sockets() << " sockets left";
  for (const char* gauge : {"sluice_connections_active", "sluice_instance_connections"})
    EXPECT_TRUE(eventually([&] { return sluice_.metric(gauge) == 0; }, kSettling))
        << gauge << " is " << sluice_.metric(gauge);
  const auto surplus = [&] {
    return static_cast<std::ptrdiff_t>(count_fds(pid_)) -
           static_cast<std::ptrdiff_t>(count_pipes(pid_)) - static_cast<std::ptrdiff_t>(fds_);
  };
  // Fewer is nothing left: some may have been in use when they were counted, by probes.
  EXPECT_TRUE(eventually([&] { return surplus() <= 4; }, kSettling))
      << surplus() << " descriptors more than before";
  EXPECT_LE(count_pipes(pid_), kKeptPipeEnds);
}

void Invariants::expect_sane_metrics() {
  const Response page = sluice_.admin().get("/metrics");
  EXPECT_EQ(page.status, 200);
  const MetricsPage metrics = MetricsPage::parse(page.body);
  for (const auto& series : metrics.series())
    EXPECT_TRUE(series.value >= 0 && (series.value < kTwoTo63 || std::isinf(series.value)))
        << series.name << " is " << series.value;
}

void Invariants::expect_idle() {
  std::chrono::nanoseconds used{};
  for (int i = 0; i < kIdleWindows; ++i) {
    const auto before = cpu_time(pid_);
    pause_between_looks(1s);
    used = cpu_time(pid_) - before;
    if (used <= kIdleCpu) return;
  }
  ADD_FAILURE() << std::chrono::duration_cast<std::chrono::milliseconds>(used).count()
                << " ms of processor time in an idle second";
}

}  // namespace sluice::test
