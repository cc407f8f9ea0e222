// How many may come in by a listener: connections a second, and of each source (an address, or a
// prefix of so many bits) connections a second and connections at a time.
//
// One object a listener, for its life, shared by all workers; any thread. Exact over all of them:
// whoever is let in has been counted. Sources are kept in an ordered map, which nobody can make
// slow by choosing addresses, in shards with a lock each; one is forgotten when it has no
// connection and nothing is known of its rate. Clients of unix sockets have no address and are no
// source.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "config/cidr.h"
#include "config/config.h"
#include "proxy/metrics/cells.h"
#include "proxy/net/address.h"
#include "registry/access/rate.h"

namespace sluice::session {

class Turnstile {
 public:
  explicit Turnstile(const config::ListenerLimits& limits);
  Turnstile(const Turnstile&) = delete;
  Turnstile& operator=(const Turnstile&) = delete;

  // Whether there is anything to ask for under such limits.
  static bool is_needed(const config::ListenerLimits& limits);
  // From here on these. Who is in stays in, and counts.
  void reconfigure(const config::ListenerLimits& limits);

  // A connection's place among those of its source. The Turnstile must outlive it.
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept
        : turnstile_(std::exchange(other.turnstile_, nullptr)), source_(other.source_) {}
    Seat& operator=(Seat&& other) noexcept {
      std::swap(turnstile_, other.turnstile_);
      std::swap(source_, other.source_);
      return *this;
    }
    ~Seat() {
      if (turnstile_ != nullptr) turnstile_->leave(*source_);
    }

   private:
    friend class Turnstile;
    Turnstile* turnstile_ = nullptr;
    const config::Cidr* source_ = nullptr;  // the key of the map
  };

  struct Refusal {
    metrics::CloseReason reason;
    std::string why;  // "127.0.0.9/32 has its 5 connections"
  };
  // Lets the client in, who then holds `seat`, or says why not. Time: ms of a clock that only
  // grows.
  std::optional<Refusal> let_in(const net::Peer& client, std::uint64_t now_ms, Seat& seat);

  std::size_t sources() const;  // that are known

 private:
  struct Source {
    Source(std::uint32_t a_second, std::uint64_t now_ms);
    std::uint32_t connections = 0;
    std::uint32_t rate;  // that the bucket is of
    access::TokenBucket bucket;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::map<config::Cidr, Source> sources;
    std::size_t looked_through_at = 0;  // so many sources until idle ones are looked for
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kFewSources = 256;

  Shard& shard_of(const config::Cidr& source);
  std::optional<Refusal> take_from_all(std::uint64_t now_ms);
  void leave(const config::Cidr& source);
  static void forget_idle(Shard& shard, std::uint64_t now_ms);
  config::ListenerLimits limits() const;

  mutable std::mutex mutex_;  // guards these two
  config::ListenerLimits limits_;
  access::TokenBucket all_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sluice::session
