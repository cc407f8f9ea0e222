#include "proxy/session/turnstile.h"

#include <algorithm>
#include <utility>

namespace sluice::session {

using config::Cidr;
using metrics::CloseReason;

namespace {

// What comes in a second may come at once.
access::TokenBucket bucket_of(std::uint32_t rate, std::uint64_t now_ms) {
  return {access::Rate{rate, rate}, now_ms};
}

}  // namespace

Turnstile::Source::Source(std::uint32_t a_second, std::uint64_t now_ms)
    : rate(a_second), bucket(bucket_of(a_second, now_ms)) {}

Turnstile::Turnstile(const config::ListenerLimits& limits)
    : limits_(limits), all_(bucket_of(limits.rate, 0)) {}

bool Turnstile::is_needed(const config::ListenerLimits& limits) {
  return limits.rate > 0 || limits.per_source.connections > 0 || limits.per_source.rate > 0;
}

void Turnstile::reconfigure(const config::ListenerLimits& limits) {
  const std::lock_guard lock(mutex_);
  if (limits.rate != limits_.rate) all_ = bucket_of(limits.rate, 0);
  limits_ = limits;
}

config::ListenerLimits Turnstile::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

std::optional<Turnstile::Refusal> Turnstile::take_from_all(std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (limits_.rate == 0 || all_.take(now_ms)) return std::nullopt;
  return Refusal{CloseReason::limit_listener,
                 "more than " + std::to_string(limits_.rate) + " connections a second"};
}

std::optional<Turnstile::Refusal> Turnstile::let_in(const net::Peer& client, std::uint64_t now_ms,
                                                    Seat& seat) {
  const config::PerSource per_source = limits().per_source;
  const bool counts = per_source.connections > 0 || per_source.rate > 0;
  if (!counts || client.is_unix()) return take_from_all(now_ms);

  const Cidr source =
      Cidr::around(client.endpoint(), static_cast<std::uint8_t>(per_source.prefix_v4),
                   static_cast<std::uint8_t>(per_source.prefix_v6));
  Shard& shard = shard_of(source);
  const std::lock_guard lock(shard.mutex);
  forget_idle(shard, now_ms);
  const auto at = shard.sources.try_emplace(source, per_source.rate, now_ms).first;
  Source& known = at->second;
  if (std::exchange(known.rate, per_source.rate) != per_source.rate) {
    known.bucket = bucket_of(per_source.rate, now_ms);
  }
  if (per_source.connections > 0 && known.connections >= per_source.connections) {
    return Refusal{
        CloseReason::limit_source,
        source.text() + " has its " + std::to_string(per_source.connections) + " connections"};
  }
  if (per_source.rate > 0 && known.bucket.wait_ms(now_ms) != 0) {
    return Refusal{
        CloseReason::limit_source,
        source.text() + " had its " + std::to_string(per_source.rate) + " connections a second"};
  }
  if (auto refusal = take_from_all(now_ms)) return refusal;
  if (per_source.rate > 0) known.bucket.take(now_ms);
  ++known.connections;
  seat.turnstile_ = this;
  seat.source_ = &at->first;
  return std::nullopt;
}

void Turnstile::leave(const Cidr& source) {
  Shard& shard = shard_of(source);
  const std::lock_guard lock(shard.mutex);
  --shard.sources.find(source)->second.connections;
}

// Looks through them each time that their number has doubled: a constant cost for each that comes.
void Turnstile::forget_idle(Shard& shard, std::uint64_t now_ms) {
  if (shard.sources.size() < std::max(shard.looked_through_at, kFewSources)) return;
  std::erase_if(shard.sources, [now_ms](const auto& each) {
    return each.second.connections == 0 && each.second.bucket.is_full(now_ms);
  });
  shard.looked_through_at = 2 * shard.sources.size();
}

Turnstile::Shard& Turnstile::shard_of(const Cidr& source) {
  std::size_t mixed = source.bits;
  for (const std::uint8_t byte : source.ip) mixed = mixed * 31 + byte;
  return shards_[mixed % kShards];
}

std::size_t Turnstile::sources() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.sources.size();
  }
  return count;
}

}  // namespace sluice::session
