// The ketama ring as nginx builds it for `hash ... consistent`, so that keys stay where nginx put
// them.
//
// The points of a server: base = CRC-32 of HOST, NUL, PORT; each point is that CRC continued over
// the four little-endian bytes of the point before (of 0 at first). A key belongs to the first
// point at or above its CRC-32, round the ring. (ngx_stream_upstream_hash_module.c; checked against
// rows that real nginx answered.)
//
// Equal points go to the server whose name comes first, whatever the order of the list. The others
// keep theirs behind it, so that passing over a server finds exactly what a ring without it holds.
//
// A value of 8 bytes a point, immutable, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"

namespace sluice::balance {

class KetamaRing {
 public:
  static constexpr std::size_t kMaxPoints = std::size_t{1} << 22;  // 32 MiB

  struct Server {
    std::string name;  // by name_of()
    std::uint32_t weight = 1;
  };

  // `points` a unit of weight; nginx has 160. Where that would make more than `max_points` in all,
  // every server has proportionally fewer, at least one: always the first ones of its row, so that
  // few keys move.
  KetamaRing(std::span<const Server> servers, std::uint32_t points,
             std::size_t max_points = kMaxPoints);

  // HOST, NUL, PORT as nginx has them: an IPv6 host in brackets, a unix path with no port.
  static std::string name_of(const config::Endpoint& address);
  static std::uint32_t hash(std::string_view key);

  std::size_t size() const { return points_.size(); }
  // The first point at or above `hash`; past the last one, the first of all. Requires: not empty.
  std::size_t find(std::uint32_t hash) const;
  // Whose a point is: a place in the list of servers.
  std::uint32_t server(std::size_t point) const { return points_[point].server; }

 private:
  struct Point {
    std::uint32_t hash;
    std::uint32_t server;
  };
  void add_points(std::uint32_t server, const std::string& name, std::uint64_t count);

  std::vector<Point> points_;  // by hash
};

}  // namespace sluice::balance
