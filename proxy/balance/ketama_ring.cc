#include "proxy/balance/ketama_ring.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace sluice::balance {
namespace {

std::uint32_t continue_crc(std::uint32_t crc, const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(crc, static_cast<const Bytef*>(bytes), size));
}

std::array<std::uint8_t, 4> little_endian(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
}

// How many points each server has; in floating point only where there would be too many.
std::vector<std::uint64_t> shares(std::span<const KetamaRing::Server> servers, std::uint32_t points,
                                  std::size_t max_points) {
  std::vector<std::uint64_t> shares;
  shares.reserve(servers.size());
  double total = 0;
  for (const auto& server : servers) {
    shares.push_back(std::uint64_t{server.weight} * points);
    total += static_cast<double>(shares.back());
  }
  const double scale = static_cast<double>(max_points) / total;
  if (scale >= 1) return shares;
  for (std::uint64_t& share : shares) {
    if (share == 0) continue;
    const double scaled = static_cast<double>(share) * scale;
    share = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(scaled));
  }
  return shares;
}

std::vector<std::uint32_t> order_by_name(std::span<const KetamaRing::Server> servers) {
  std::vector<std::uint32_t> order(servers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return servers[a].name < servers[b].name;
  });
  return order;
}

}  // namespace

KetamaRing::KetamaRing(std::span<const Server> servers, std::uint32_t points,
                       std::size_t max_points) {
  const std::vector<std::uint64_t> counts = shares(servers, points, max_points);
  const std::vector<std::uint32_t> by_name = order_by_name(servers);
  points_.reserve(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  for (std::uint32_t rank = 0; rank < by_name.size(); ++rank) {
    add_points(rank, servers[by_name[rank]].name, counts[by_name[rank]]);
  }
  std::sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.server < b.server;
  });
  for (Point& point : points_) point.server = by_name[point.server];
}

void KetamaRing::add_points(std::uint32_t server, const std::string& name, std::uint64_t count) {
  const std::uint32_t base = continue_crc(0, name.data(), name.size());
  std::uint32_t previous = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto bytes = little_endian(previous);
    previous = continue_crc(base, bytes.data(), bytes.size());
    points_.push_back({previous, server});
  }
}

std::string KetamaRing::name_of(const config::Endpoint& address) {
  using Family = config::Endpoint::Family;
  const char nul = '\0';
  if (address.family == Family::unix_path) return *address.path + nul;
  const std::string host =
      address.family == Family::ipv6 ? "[" + address.host() + "]" : address.host();
  return host + nul + std::to_string(address.port);
}

std::uint32_t KetamaRing::hash(std::string_view key) {
  return continue_crc(0, key.data(), key.size());
}

std::size_t KetamaRing::find(std::uint32_t hash) const {
  const auto found = std::lower_bound(
      points_.begin(), points_.end(), hash,
      [](const Point& point, std::uint32_t wanted) { return point.hash < wanted; });
  return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
}

}  // namespace sluice::balance
