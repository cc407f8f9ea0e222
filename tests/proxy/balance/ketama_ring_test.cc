#include "proxy/balance/ketama_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/balance/fleet.h"

namespace sluice::balance::testing {
namespace {

constexpr std::uint32_t kNginxPoints = 160;

std::vector<KetamaRing::Server> local_servers(const std::vector<std::uint16_t>& ports) {
  std::vector<KetamaRing::Server> servers;
  for (std::uint16_t port : ports) {
    servers.push_back({KetamaRing::name_of(ipv4(127, 0, 0, 1, port)), 1});
  }
  return servers;
}

std::uint32_t owner(const KetamaRing& ring, const std::string& key) {
  return ring.server(ring.find(KetamaRing::hash(key)));
}

TEST(KetamaRing, NamesAreThoseOfNginx) {
  config::Endpoint v6;
  v6.family = config::Endpoint::Family::ipv6;
  v6.ip[15] = 1;
  v6.port = 443;
  config::Endpoint socket;
  socket.family = config::Endpoint::Family::unix_path;
  socket.path = "/run/pg.sock";
  const std::string nul(1, '\0');
  EXPECT_EQ(KetamaRing::name_of(ipv4(10, 0, 0, 1, 443)), "10.0.0.1" + nul + "443");
  EXPECT_EQ(KetamaRing::name_of(v6), "[::1]" + nul + "443");
  EXPECT_EQ(KetamaRing::name_of(socket), "/run/pg.sock" + nul);
}

TEST(KetamaRing, HashesOfKeysAreCrc32) {
  EXPECT_EQ(KetamaRing::hash("123456789"), 0xcbf43926u);  // the check value of CRC-32
  EXPECT_EQ(KetamaRing::hash("/some/path"), 1189093926u);
  EXPECT_EQ(KetamaRing::hash("/some/longer/path"), 1103112297u);
  EXPECT_EQ(KetamaRing::hash("/g"), 2148785769u);
}

TEST(KetamaRing, TwoServersAnswerAsNginxDoes) {
  const KetamaRing ring(local_servers({7777, 7778}), kNginxPoints);
  EXPECT_EQ(ring.size(), 320u);
  const std::vector<std::pair<std::string, std::uint32_t>> rows = {
      {"/some/path", 1},
      {"/some/longer/path", 0},
      {"/sad/zaidoon", 1},
      {"/g", 0},
      {"/pingora/team/is/cool/and/this/is/a/long/uri", 1},
      {"/i/am/not/confident/in/this/code", 0}};
  for (const auto& [key, server] : rows) EXPECT_EQ(owner(ring, key), server) << key;
}

// The first rows of a log that nginx wrote for 10.0.0.1 to 10.0.0.9, port 443, weight 100.
TEST(KetamaRing, NineHeavyServersAnswerAsNginxDid) {
  std::vector<KetamaRing::Server> servers;
  for (std::uint8_t i = 1; i <= 9; ++i) {
    servers.push_back({KetamaRing::name_of(ipv4(10, 0, 0, i, 443)), 100});
  }
  const KetamaRing ring(servers, kNginxPoints);
  EXPECT_EQ(ring.size(), 144000u);
  const std::vector<std::pair<std::string, std::uint32_t>> rows = {
      {"/81fa1d251d605775d647b5b55565e71526d4cef6", 7},
      {"/2fec328e6ccdda6a7edf329f9f780e546ea183b4", 5},
      {"/19fb835d90883a6263ec4279c6da184e3f1a79b2", 4},
      {"/da7a88e542f7aaddc074f988164b9df7e5f7fea6", 4},
      {"/fe5199bdfeee5cd431ae7e9f77f178164f9995a0", 9}};
  for (const auto& [key, last_byte] : rows) EXPECT_EQ(owner(ring, key) + 1, last_byte) << key;
}

TEST(KetamaRing, KeysStayWhenAServerIsAdded) {
  for (int last : {10, 11}) {
    std::vector<KetamaRing::Server> servers;
    for (std::uint8_t i = 1; i <= last; ++i) {
      servers.push_back({KetamaRing::name_of(ipv4(127, 0, 0, i, 6443)), 1});
    }
    const KetamaRing ring(servers, kNginxPoints);
    EXPECT_EQ(owner(ring, "a") + 1, 10u);
    EXPECT_EQ(owner(ring, "b") + 1, 5u);
  }
}

TEST(KetamaRing, WalksOnInTheOrderOfItsPoints) {
  const auto walk = [](const KetamaRing& ring, std::size_t steps) {
    std::vector<std::uint32_t> owners;
    std::size_t point = ring.find(KetamaRing::hash("doghash"));
    for (std::size_t i = 0; i < steps; ++i)
      owners.push_back(ring.server((point + i) % ring.size()));
    return owners;
  };
  const KetamaRing three(local_servers({7777, 7778, 7779}), kNginxPoints);
  EXPECT_EQ(walk(three, 8), (std::vector<std::uint32_t>{1, 2, 2, 0, 0, 1, 1, 2}));
  const KetamaRing two(local_servers({7777, 7779}), kNginxPoints);
  EXPECT_EQ(walk(two, 5), (std::vector<std::uint32_t>{1, 1, 0, 0, 1}));
}

TEST(KetamaRing, PastTheLastPointComesTheFirst) {
  const KetamaRing ring(local_servers({7777}), kNginxPoints);
  EXPECT_EQ(ring.find(0), 0u);
  EXPECT_EQ(ring.find(0xffffffffu), 0u) << "no point of this server is the very last";
}

TEST(KetamaRing, HasPointsByWeight) {
  const std::vector<KetamaRing::Server> servers = {{"a", 1}, {"b", 3}, {"c", 0}};
  const KetamaRing ring(servers, 10);
  std::vector<int> points(3);
  for (std::size_t i = 0; i < ring.size(); ++i) ++points[ring.server(i)];
  EXPECT_EQ(points, (std::vector<int>{10, 30, 0}));
  EXPECT_EQ(KetamaRing({}, 160).size(), 0u);
}

// At weight 10 some points of two servers coincide: whichever way the list is turned, they have the
// same owner.
TEST(KetamaRing, TheOrderOfTheListDecidesNothing) {
  std::vector<KetamaRing::Server> servers;
  for (std::uint8_t i = 1; i <= 10; ++i) {
    servers.push_back({KetamaRing::name_of(ipv4(10, 0, 0, i, 80)), 10});
  }
  const KetamaRing forward(servers, kNginxPoints);
  std::reverse(servers.begin(), servers.end());
  const KetamaRing backward(servers, kNginxPoints);
  ASSERT_EQ(forward.size(), backward.size());
  for (std::size_t i = 0; i < forward.size(); ++i) {
    ASSERT_EQ(forward.server(i), 9 - backward.server(i)) << "point " << i;
  }
}

TEST(KetamaRing, EnormousWeightsAreScaledToABoundedRing) {
  const std::vector<KetamaRing::Server> servers = {{"a", 60000}, {"b", 30000}, {"c", 1}, {"d", 0}};
  const KetamaRing ring(servers, kNginxPoints, 9000);
  EXPECT_LE(ring.size(), 9000u + servers.size());
  std::vector<double> points(4);
  for (std::size_t i = 0; i < ring.size(); ++i) ++points[ring.server(i)];
  EXPECT_NEAR(points[0], 6000, 1);
  EXPECT_NEAR(points[1], 3000, 1);
  EXPECT_EQ(points[2], 1);
  EXPECT_EQ(points[3], 0);
}

TEST(KetamaRing, ScalingKeepsTheFirstPointsOfEveryServer) {
  const std::vector<KetamaRing::Server> servers = {{"a", 2}, {"b", 2}};
  const KetamaRing full(servers, 100);
  const KetamaRing scaled(servers, 100, 200);
  const KetamaRing half(servers, 50);
  EXPECT_EQ(full.size(), 400u);
  ASSERT_EQ(scaled.size(), half.size());
  for (std::size_t i = 0; i < half.size(); ++i) ASSERT_EQ(scaled.server(i), half.server(i));
}

}  // namespace
}  // namespace sluice::balance::testing
