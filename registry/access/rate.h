// How often one may try: token buckets, one for each source.
//
// For failed authentications and for registrations. The default is that of Eureka's server
// (com.netflix.discovery.util.RateLimiter, eureka.rateLimiter.*): a burst of 10, then 500 a second.
//
// No clock: time is an argument, in milliseconds of a clock that only grows. It may wrap; a moment
// before the last one counts as the last one. Not shared between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "config/endpoint.h"

namespace sluice::access {

struct Rate {
  std::uint32_t per_second = 500;  // how fast it fills again; 0: never
  std::uint32_t burst = 10;        // what it holds when full; 0: nothing is ever let through
  friend bool operator==(const Rate&, const Rate&) = default;
};

// Begins full. Counts thousandths of a token, of which each millisecond brings `per_second`, so
// nothing is rounded and nothing drifts, however often it is asked.
class TokenBucket {
 public:
  TokenBucket(const Rate& rate, std::uint64_t now_ms);

  bool take(std::uint64_t now_ms);  // one token; false: there is none
  // How long until there is one, for Retry-After; 0: there is one, UINT64_MAX: there never will be.
  std::uint64_t wait_ms(std::uint64_t now_ms) const;
  bool is_full(std::uint64_t now_ms) const;

 private:
  std::uint64_t level(std::uint64_t now_ms) const;  // in thousandths

  Rate rate_;
  std::uint64_t level_;  // as of last_ms_
  std::uint64_t last_ms_;
};

// A bucket for each source: an address, or the name of a token.
//
// Never more than `max_sources` are kept. The one to go for a new one is, among the eight that were
// quiet for longest, the first whose bucket is full, i.e. about which nothing is known; if there is
// none, the quietest. So a flood from more sources than that within burst / per_second is not held
// back here; the bound on the API's connections is what is left then.
class SourceRates {
 public:
  // Requires: at least one source.
  explicit SourceRates(const Rate& rate = {}, std::size_t max_sources = 4096);
  SourceRates(const SourceRates&) = delete;
  SourceRates& operator=(const SourceRates&) = delete;

  // Takes one token of a source's; false: it has none left, which costs it nothing.
  bool take(std::string_view source, std::uint64_t now_ms);
  // As of TokenBucket. To be asked where only a failure costs: before the secret is looked at.
  std::uint64_t wait_ms(std::string_view source, std::uint64_t now_ms) const;
  std::size_t size() const { return sources_.size(); }

 private:
  struct Source {
    std::string name;
    TokenBucket bucket;
  };
  using Sources = std::list<Source>;

  TokenBucket& bucket_of(std::string_view source, std::uint64_t now_ms);
  void make_room(std::uint64_t now_ms);

  const Rate rate_;
  const std::size_t max_sources_;
  Sources sources_;  // the one that tried last first
  // By the names in `sources_`. Ordered, not hashed: who may choose addresses cannot make it slow.
  std::map<std::string_view, Sources::iterator> by_name_;
};

// What an address counts as: itself for IPv4, in whatever spelling, its /64 for IPv6, of which one
// machine commonly has the whole; every unix socket is one.
std::string source_of(const config::Endpoint& client);

}  // namespace sluice::access
