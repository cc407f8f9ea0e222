#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "config/check.h"
#include "config/cidr.h"
#include "config/printable.h"
#include "config/within.h"
#include "config/words.h"

namespace sluice::config {
namespace {

constexpr std::uint32_t kAnyCount = std::numeric_limits<std::uint32_t>::max();
constexpr Duration kShortestInterval = 10ms;
constexpr Duration kShortestTimeout = 1ms;
// The kernel's: MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT, an int of milliseconds.
constexpr Duration kLongestKeepalive = 32767s;
constexpr std::uint32_t kMostProbes = 127;
constexpr Duration kLongestUserTimeout = Duration(std::numeric_limits<std::int32_t>::max());
constexpr std::size_t kLongestHttpPath = 2048;
constexpr std::size_t kLongestHttpHost = 255;
constexpr std::size_t kLongestHttpBody = 64u << 10;
constexpr std::size_t kLongestExchange = 64u << 10;
constexpr std::size_t kMostTlvBytes = 2u << 10;  // those of an incoming header come on top

void check_share(const Site& site, double share) {
  within(site, share, 0.0, 1.0);
}

void check_timeouts(const TimeoutsSaid& timeouts, const Site& site) {
  if (timeouts.connect) within(site.key("connect"), *timeouts.connect, 0ms, kLongestDuration);
  if (timeouts.first_bytes) {
    within(site.key("first_bytes"), *timeouts.first_bytes, kShortestTimeout, kLongestDuration);
  }
  if (timeouts.max_age_jitter) check_share(site.key("max_age_jitter"), *timeouts.max_age_jitter);
}

void check_whole_seconds(const Site& site, Duration value) {
  if (value % 1s != 0ms) {
    site.error(text(value) + " is not a number of whole seconds, which is all the kernel takes");
  }
}

void check_tcp(const TcpSaid& tcp, const Site& site) {
  const Site keepalive = site.key("keepalive");
  if (tcp.keepalive.idle) {
    check_whole_seconds(keepalive.key("idle"), *tcp.keepalive.idle);
    within(keepalive.key("idle"), *tcp.keepalive.idle, 0s, kLongestKeepalive);
  }
  if (tcp.keepalive.interval) {
    check_whole_seconds(keepalive.key("interval"), *tcp.keepalive.interval);
    within(keepalive.key("interval"), *tcp.keepalive.interval, 1s, kLongestKeepalive);
  }
  if (tcp.keepalive.count) within(keepalive.key("count"), *tcp.keepalive.count, 1, kMostProbes);
  if (tcp.user_timeout)
    within(site.key("user_timeout"), *tcp.user_timeout, 0ms, kLongestUserTimeout);
}

void check_relay(const RelaySaid& relay, const Site& site) {
  if (relay.buffer) within(site.key("buffer"), *relay.buffer, {4u << 10}, {16u << 20});
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_http(const HttpCheck& http, const Site& site) {
  constexpr auto kMethods = std::to_array<std::string_view>({"GET", "HEAD", "OPTIONS"});
  if (std::ranges::find(kMethods, http.method) == kMethods.end()) {
    site.key("method").error(in_quotes(http.method) + " is not one of GET, HEAD, OPTIONS");
  }
  if (!http.path.starts_with('/') || !is_visible_ascii(http.path)) {
    site.key("path").error(
        in_quotes(http.path) +
        " is not a path: a \"/\", then ASCII without blanks (percent-encode the rest)");
  } else if (http.path.size() > kLongestHttpPath) {
    site.key("path").error("longer than 2048 bytes");
  }
  if (!is_visible_ascii(http.host) || http.host.size() > kLongestHttpHost) {
    site.key("host").error(in_quotes(http.host) +
                           " is not a Host header: at most 255 bytes of ASCII without"
                           " blanks");
  }
  if (http.status.empty())
    site.key("status").error("no status would pass; name one, such as 200-299");
  if (http.body.size() > kLongestHttpBody) {
    site.key("body").error("longer than 64 KiB");
  } else if (!http.body.empty() && http.method == "HEAD") {
    site.key("body").error("an answer to HEAD has no body to look into; use the method GET");
  }
}

void check_exchange(const std::string& text, CheckType type, const Site& site) {
  if (text.empty() || !site.is_said()) return;
  if (type != CheckType::send_expect) site.error("only a check of type send_expect looks at it");
  if (text.size() > kLongestExchange) site.error("longer than 64 KiB");
}

void check_outlier(const Outlier& outlier, const Site& site) {
  within(site.key("base"), outlier.base, kShortestTimeout, kLongestDuration);
  if (outlier.max < outlier.base) {
    site.key("max").error("max (" + text(outlier.max) + ") is below base (" + text(outlier.base) +
                          ")");
  }
  within(site.key("max_percent"), outlier.max_percent, 0, 100);
}

void check_rebalance(const Rebalance& rebalance, const Site& site) {
  within(site.key("max_skew"), rebalance.max_skew, 0, 10);
  within(site.key("rate"), rebalance.rate, 1, 10'000);
  within(site.key("quiet_for"), rebalance.quiet_for, Duration(0), kLongestDuration);
}

// Whose clients would come back to where they were.
void check_rebalanced(const Service& service, const Site& site) {
  const Policy policy = service.balance.policy;
  const bool comes_back =
      policy == Policy::hash || policy == Policy::maglev || policy == Policy::first;
  const bool is_said = site.key("rebalance").is_said() || site.key("balance").is_said();
  if (!service.rebalance.enabled || !comes_back || !is_said) return;
  site.key("rebalance")
      .key("enabled")
      .error("with the policy " + std::string(config::word(policy)) +
             " a client that is closed comes back to the same instance");
}

void check_breaker(const Breaker& breaker, const Site& site) {
  constexpr std::uint32_t kMostTrials = 65535;
  if (breaker.failures == 0) {
    if (breaker != Breaker{}) site.warn("means nothing while failures is 0: there is no breaker");
    return;
  }
  if (breaker.open_for < kShortestTimeout) {
    site.key("open_for")
        .error("a breaker that is open for no time protects nobody; without one, failures is 0");
  }
  if (breaker.half_open == 0) {
    site.key("half_open")
        .error("without a trial a breaker that has opened would never close; 1 is the least");
  }
  within(site.key("half_open"), breaker.half_open, 0, kMostTrials);
}

void check_replay(const Retry& retry, const Site& site) {
  const Site bytes = site.key("replay").key("bytes");
  within(bytes, retry.replay.bytes, {0}, {1u << 20});
  if (retry.replay.bytes.count > 0 && retry.max_retries == 0) {
    bytes.error("nothing is replayed while max_retries is 0: a replay is a retry");
  }
}

void check_retry(const Retry& retry, const Site& site) {
  within(site.key("max_retries"), retry.max_retries, 0, 1000);
  within(site.key("base_delay"), retry.base_delay, 0ms, kLongestDuration);
  within(site.key("multiplier"), retry.multiplier, 1.0, 1000.0);
  if (retry.max_delay < retry.base_delay) {
    site.key("max_delay")
        .error("max_delay (" + text(retry.max_delay) + ") is below base_delay (" +
               text(retry.base_delay) + ")");
  }
  if (const Site replay = site.key("replay"); replay.is_said()) check_replay(retry, site);
}

void check_cidrs(const std::vector<std::string>& list, const Site& site) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string why;
    if (!Cidr::parse(list[i], why)) site.item(i).error(why);
  }
}

void check_acceptance(const ProxyAcceptance& proxy, const Site& site) {
  const Site trusted = site.key("trusted");
  check_cidrs(proxy.trusted, trusted);
  if (!proxy.trusted.empty()) return;
  if (proxy.accept == ProxyAccept::optional) {
    trusted.error(
        "whoever may leave the header out could as well forge one: name the networks "
        "that it is taken from");
  } else if (proxy.accept == ProxyAccept::required) {
    trusted.warn(
        "everybody who reaches the listener may say that he is somebody else; name the "
        "networks that the header is taken from");
  }
}

std::string why_no_tlv(const std::string& name, const std::string& value) {
  if (name == "alpn" || name == "authority") return value.empty() ? "is empty" : "";
  if (name == "unique_id") return value == "auto" ? "" : "must be auto";
  if (name == "crc32c") return value == "on" ? "" : "must be on";
  if (free_tlv_type(name)) return "";
  return "is none of alpn, authority, unique_id, crc32c and 0xE0 to 0xEF";
}

void check_announcement(const ProxyAnnouncement& proxy, const Site& site) {
  const Site tlvs = site.key("tlvs");
  std::size_t size = 0;
  for (const auto& [name, value] : proxy.tlvs) {
    if (const std::string why = why_no_tlv(name, value); !why.empty()) {
      tlvs.key(name).error(in_quotes(name) + ' ' + why);
    }
    size += value.size();
  }
  if (size > kMostTlvBytes) tlvs.error("longer than 2 KiB together");
  if (!proxy.tlvs.empty() && proxy.send == ProxySend::v1) {
    tlvs.error("version 1 of the protocol carries none; send v2");
  }
}

void check_limits(const ServiceLimits& limits, const Site& site) {
  if (limits.connections > 0 && limits.per_instance > limits.connections) {
    site.key("per_instance")
        .error("no instance would ever have " + std::to_string(limits.per_instance) +
               " connections, for the whole service may have " +
               std::to_string(limits.connections));
  }
  within(site.key("queue_timeout"), limits.queue_timeout, 0ms, kLongestDuration);
}

void check_balance(const Balance& balance, const Site& site) {
  within(site.key("hash").key("points"), balance.hash.points, 1, 4096);
  within(site.key("zone").key("min_local"), balance.zone.min_local, 1, kAnyCount);
  check_share(site.key("slow_start").key("min"), balance.slow_start.min);
  check_share(site.key("panic").key("threshold"), balance.panic.threshold);
  if (balance.hash.max_load != 0) {
    within(site.key("hash").key("max_load"), balance.hash.max_load, 1.0, 100.0);
  }
}

}  // namespace

void check_check(const Check& check, const Site& site) {
  within(site.key("interval"), check.interval, kShortestInterval, kLongestDuration);
  within(site.key("fast_interval"), check.fast_interval, kShortestInterval, kLongestDuration);
  within(site.key("timeout"), check.timeout, kShortestTimeout, kLongestDuration);
  within(site.key("rise"), check.rise, 1, kAnyCount);
  within(site.key("fall"), check.fall, 1, kAnyCount);
  check_share(site.key("jitter"), check.jitter);
  check_http(check.http, site.key("http"));
  check_exchange(check.send, check.type, site.key("send"));
  check_exchange(check.expect, check.type, site.key("expect"));
}

void check_policies(const Listener& listener, const Site& site) {
  if (const Site backlog = site.key("backlog"); backlog.is_said()) {
    within(backlog, listener.backlog, 1, 65535);
  }
  if (const Site proxy = site.key("proxy_protocol"); proxy.is_said()) {
    check_acceptance(listener.proxy_protocol, proxy);
  }
  const Site no_instance = site.key("no_instance");
  if (listener.no_instance.action == NoInstanceAction::hold &&
      listener.no_instance.hold == Duration::zero() && no_instance.is_said()) {
    no_instance.key("hold").error("a client that is held needs a time to be held for, such as 5s");
  }
  const Site per_source = site.key("limits").key("per_source");
  within(per_source.key("prefix_v4"), listener.limits.per_source.prefix_v4, 1, 32);
  within(per_source.key("prefix_v6"), listener.limits.per_source.prefix_v6, 1, 128);
  check_cidrs(listener.access.allow, site.key("access").key("allow"));
  check_cidrs(listener.access.deny, site.key("access").key("deny"));
  check_timeouts(listener.timeouts, site.key("timeouts"));
  check_tcp(listener.tcp, site.key("tcp"));
  check_relay(listener.relay, site.key("relay"));
}

void check_policies(const Service& service, const Site& site) {
  const auto check_said = [&](std::string_view name, const auto& section,
                              const auto& check_section) {
    if (const Site at = site.key(name); at.is_said()) check_section(section, at);
  };
  check_said("balance", service.balance, check_balance);
  check_said("check", service.check, check_check);
  check_said("outlier", service.outlier, check_outlier);
  check_said("breaker", service.breaker, check_breaker);
  check_said("retry", service.retry, check_retry);
  check_said("limits", service.limits, check_limits);
  check_said("rebalance", service.rebalance, check_rebalance);
  check_rebalanced(service, site);
  check_said("proxy_protocol", service.proxy_protocol, check_announcement);
  check_timeouts(service.timeouts, site.key("timeouts"));
  check_tcp(service.tcp, site.key("tcp"));
  check_relay(service.relay, site.key("relay"));
}

}  // namespace sluice::config
