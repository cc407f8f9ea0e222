// The schema: what an operator may say, with the default of every key and a comment on each.
//
// A Config is a value: built once by config::load(), compared with ==, never changed afterwards,
// safe to read on any thread. Every struct lists its keys once, in fields(): loading, the reference
// file, the API's /v1/config and the diff of a reload all walk that one list (config/schema.h), so
// a key cannot be read and forgotten in another place. Code receives its own section, never the
// whole.
//
// Durations are milliseconds, sizes are bytes; 0 means none, or unlimited where a limit is meant.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/endpoint.h"

namespace sluice::config {

using Duration = std::chrono::milliseconds;
using namespace std::chrono_literals;

// A size in bytes, written "64KiB", "1MiB" or a plain number.
struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

// A number that may be left to the program: "auto" in YAML.
struct AutoCount {
  std::optional<std::uint32_t> count;  // empty: auto
  friend bool operator==(const AutoCount&, const AutoCount&) = default;
};

// An inclusive range of HTTP status codes, written "200-299" or "204".
struct StatusRange {
  std::uint16_t from = 200;
  std::uint16_t to = 299;
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

using Labels = std::map<std::string, std::string, std::less<>>;

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { json, text };
enum class SpliceMode : std::uint8_t { automatic, off };  // "auto" | "off" in YAML
enum class Policy : std::uint8_t {
  least_connections,
  p2c,
  round_robin,
  random,
  first,
  hash,
  maglev
};
enum class HashKey : std::uint8_t { client_ip, client };
enum class CheckType : std::uint8_t { none, tcp, http, send_expect, redis, pgsql, mysql };
enum class CheckInitial : std::uint8_t { checking, up };
enum class Jitter : std::uint8_t { full, none };
enum class AcceptMode : std::uint8_t { reuse_port, least_loaded };
enum class ProxyAccept : std::uint8_t { off, required, optional };
enum class ProxySend : std::uint8_t { off, v1, v2 };
enum class OverLimit : std::uint8_t { reject, delay, backlog };
enum class NoInstanceAction : std::uint8_t { reject, hold };
enum class OnDown : std::uint8_t { keep, drain, close, reset };
enum class StoreType : std::uint8_t { memory, sqlite };
enum class StoreSync : std::uint8_t { normal, full };
enum class Verify : std::uint8_t { probe, none };

struct Shutdown {
  Duration drain = 30s;  // how long live connections may go on after SIGTERM
  bool spread = true;    // close quiet ones evenly over that time, not all at its end
  template <class V>
  void fields(V& v) {
    v("drain", drain);
    v("spread", spread);
  }
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

struct Process {
  AutoCount workers;          // worker loops; auto: one a core. A change needs a restart.
  AutoCount max_connections;  // client connections in all; auto: what RLIMIT_NOFILE allows
  Shutdown shutdown;
  bool busy_poll = true;  // a worker may ask for news for a while before it sleeps
  template <class V>
  void fields(V& v) {
    v("workers", workers);
    v("max_connections", max_connections);
    v("shutdown", shutdown);
    v("busy_poll", busy_poll);
  }
  friend bool operator==(const Process&, const Process&) = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  std::string target = "stderr";  // stderr | stdout | a file's path
  template <class V>
  void fields(V& v) {
    v("level", level);
    v("format", format);
    v("target", target);
  }
  friend bool operator==(const Log&, const Log&) = default;
};

struct AdminLimits {
  std::uint32_t connections = 1024;  // open at once
  Bytes body{1u << 20};              // of a request
  Bytes header{8u << 10};            // request line and headers together
  Duration deadline = 10s;           // a whole request from its first byte, then its whole reply
  template <class V>
  void fields(V& v) {
    v("connections", connections);
    v("body", body);
    v("header", header);
    v("deadline", deadline);
  }
  friend bool operator==(const AdminLimits&, const AdminLimits&) = default;
};

struct Admin {
  std::string bind = "127.0.0.1:9901";  // an Endpoint; off loopback only with tokens
  std::string tokens_file;              // who may do what (registry/access); required off loopback
  // Hosts that requests may name besides loopback and the address that they come in on.
  std::vector<std::string> allowed_hosts;
  AdminLimits limits;
  template <class V>
  void fields(V& v) {
    v("bind", bind);
    v("tokens_file", tokens_file);
    v("allowed_hosts", allowed_hosts);
    v("limits", limits);
  }
  friend bool operator==(const Admin&, const Admin&) = default;
};

// Where registrations live on beyond the process. A change needs a restart.
struct Store {
  StoreType type = StoreType::sqlite;
  std::string path = "./sluice.db";    // of sqlite; made at the first registration
  StoreSync sync = StoreSync::normal;  // normal: safe against kill -9; full: against power loss too
  template <class V>
  void fields(V& v) {
    v("type", type);
    v("path", path);
    v("sync", sync);
  }
  friend bool operator==(const Store&, const Store&) = default;
};

// How long one report of a registered instance lasts. Clients report at a third of it.
struct Ttl {
  Duration default_ = 30s;  // for who names none; 0s in a registration means no lease at all
  Duration min = 1s;
  Duration max = 10min;
  template <class V>
  void fields(V& v) {
    v("default", default_);
    v("min", min);
    v("max", max);
  }
  friend bool operator==(const Ttl&, const Ttl&) = default;
};

struct OnExpire {
  Duration delete_after = 5min;   // from being down for want of reports to being forgotten
  Verify verify = Verify::probe;  // probe before a missed lease is believed, or believe it
  template <class V>
  void fields(V& v) {
    v("delete_after", delete_after);
    v("verify", verify);
  }
  friend bool operator==(const OnExpire&, const OnExpire&) = default;
};

// A service most of whose leases end at once has rather lost its way to us: each is verified before
// it is believed, whatever on_expire says.
struct SelfPreservation {
  double threshold = 0.5;     // share of a service's leases; 1: never
  Duration max_hold = 10min;  // what is kept by such a verification alone is kept no longer
  template <class V>
  void fields(V& v) {
    v("threshold", threshold);
    v("max_hold", max_hold);
  }
  friend bool operator==(const SelfPreservation&, const SelfPreservation&) = default;
};

// A registered instance that keeps going down is a last resort for a while (RFC 2439's damping).
struct Flap {
  std::uint32_t penalty = 1000;  // for each time that it goes down; 0: no damping
  Duration half_life = 60s;
  std::uint32_t suppress = 3000;  // out of rotation from here
  std::uint32_t reuse = 1500;     // back in it from here
  template <class V>
  void fields(V& v) {
    v("penalty", penalty);
    v("half_life", half_life);
    v("suppress", suppress);
    v("reuse", reuse);
  }
  friend bool operator==(const Flap&, const Flap&) = default;
};

// Reads that wait for a change, and the journal that watches resume from.
struct Watch {
  Duration max_wait = 10min;
  Duration default_wait = 5min;
  std::uint32_t history = 10'000;  // changes that are remembered
  template <class V>
  void fields(V& v) {
    v("max_wait", max_wait);
    v("default_wait", default_wait);
    v("history", history);
  }
  friend bool operator==(const Watch&, const Watch&) = default;
};

struct Registry {
  Store store;
  Ttl ttl;
  OnExpire on_expire;
  bool own_lag_guard = true;  // our own stalls never end a lease
  SelfPreservation self_preservation;
  Flap flap;
  Watch watch;
  std::vector<std::string> allow;  // Cidrs that registered addresses must lie in; none: see
                                   // registry/access/address_policy.h
  std::string zone;                // this proxy's own (data centre); "": none
  template <class V>
  void fields(V& v) {
    v("store", store);
    v("ttl", ttl);
    v("on_expire", on_expire);
    v("own_lag_guard", own_lag_guard);
    v("self_preservation", self_preservation);
    v("flap", flap);
    v("watch", watch);
    v("allow", allow);
    v("zone", zone);
  }
  friend bool operator==(const Registry&, const Registry&) = default;
};

// --- Sections that stand under `defaults`, on a listener and on a service. Of the three, the
// service's word counts before the listener's, and the listener's before that of `defaults`, key by
// key (resolve_timeouts() and its like below). Each has a twin of optionals that remembers which
// keys were said.

struct Timeouts {
  Duration connect = 2s;        // one connect attempt; 0: as long as the kernel tries
  Duration idle = 1h;           // no byte either way
  Duration half_close = 1min;   // no byte either way once one side has finished
  Duration first_bytes = 10s;   // a PROXY header, the whole of it
  Duration max_age = 0s;        // a connection's whole life; 0: no bound
  double max_age_jitter = 0.1;  // share of max_age by which lives are spread, 0 to 1
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct TimeoutsSaid {
  std::optional<Duration> connect, idle, half_close, first_bytes, max_age;
  std::optional<double> max_age_jitter;
  template <class V>
  void fields(V& v) {
    v("connect", connect);
    v("idle", idle);
    v("half_close", half_close);
    v("first_bytes", first_bytes);
    v("max_age", max_age);
    v("max_age_jitter", max_age_jitter);
  }
  friend bool operator==(const TimeoutsSaid&, const TimeoutsSaid&) = default;
};

struct Keepalive {
  Duration idle = 60s;      // quiet time before the first probe; whole seconds; 0: no keepalive
  Duration interval = 10s;  // between probes; whole seconds
  std::uint32_t count = 6;  // unanswered probes before the connection is dead
  friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

struct Tcp {
  bool nodelay = true;
  Keepalive keepalive;
  Duration user_timeout =
      30s;  // unacknowledged data for so long: the connection is dead; 0: kernel's
  friend bool operator==(const Tcp&, const Tcp&) = default;
};

struct KeepaliveSaid {
  std::optional<Duration> idle, interval;
  std::optional<std::uint32_t> count;
  template <class V>
  void fields(V& v) {
    v("idle", idle);
    v("interval", interval);
    v("count", count);
  }
  friend bool operator==(const KeepaliveSaid&, const KeepaliveSaid&) = default;
};

struct TcpSaid {
  std::optional<bool> nodelay;
  KeepaliveSaid keepalive;
  std::optional<Duration> user_timeout;
  template <class V>
  void fields(V& v) {
    v("nodelay", nodelay);
    v("keepalive", keepalive);
    v("user_timeout", user_timeout);
  }
  friend bool operator==(const TcpSaid&, const TcpSaid&) = default;
};

struct Relay {
  SpliceMode splice = SpliceMode::automatic;  // auto: bulk goes through splice(2); off: never
  Bytes buffer{64u << 10};                    // most that one direction reads at once or parks
  friend bool operator==(const Relay&, const Relay&) = default;
};

struct RelaySaid {
  std::optional<SpliceMode> splice;
  std::optional<Bytes> buffer;
  template <class V>
  void fields(V& v) {
    v("splice", splice);
    v("buffer", buffer);
  }
  friend bool operator==(const RelaySaid&, const RelaySaid&) = default;
};

// Who in front may say, by a PROXY header, whose connection he passes on
// (proxy/net/proxy_header.h). From then on that client's address is what is balanced by, let in,
// limited, logged and shown.
struct ProxyAcceptance {
  // required: every connection must begin with a header, and comes from a trusted address.
  // optional: from a trusted address it may; what comes from others is passed on as it is.
  ProxyAccept accept = ProxyAccept::off;
  std::vector<std::string> trusted;  // Cidrs; none, with `required`: everybody
  template <class V>
  void fields(V& v) {
    v("accept", accept);
    v("trusted", trusted);
  }
  friend bool operator==(const ProxyAcceptance&, const ProxyAcceptance&) = default;
};

// Whether instances are told so in turn, before the client's first byte.
struct ProxyAnnouncement {
  ProxySend send = ProxySend::off;
  // Of v2: "alpn", "authority" and "0xE0" to "0xEF" with a text, "unique_id: auto", "crc32c: on".
  // What came in a header is passed on, unless it is said here.
  Labels tlvs;
  template <class V>
  void fields(V& v) {
    v("send", send);
    v("tlvs", tlvs);
  }
  friend bool operator==(const ProxyAnnouncement&, const ProxyAnnouncement&) = default;
};

// Whose connections are let in, by the client's address; clients of unix sockets have none and are.
struct Access {
  std::vector<std::string> allow;  // Cidrs; none: everybody
  std::vector<std::string> deny;   // Cidrs; goes before `allow`
  template <class V>
  void fields(V& v) {
    v("allow", allow);
    v("deny", deny);
  }
  friend bool operator==(const Access&, const Access&) = default;
};

// What becomes of a client when nobody of the service can take it.
struct NoInstance {
  NoInstanceAction action = NoInstanceAction::reject;
  Duration hold = 0s;             // with `hold`: how long it waits for an instance at most
  std::uint32_t hold_max = 1000;  // clients that wait at a time, over all workers; 0: unlimited
  template <class V>
  void fields(V& v) {
    v("action", action);
    v("hold", hold);
    v("hold_max", hold_max);
  }
  friend bool operator==(const NoInstance&, const NoInstance&) = default;
};

// Of each client address, or prefix.
struct PerSource {
  std::uint32_t connections = 0;  // open at once, exact over all workers; 0: unlimited
  std::uint32_t rate = 0;         // new ones a second, as many at once; 0: unlimited
  std::uint16_t prefix_v4 = 32;   // bits that make a source
  std::uint16_t prefix_v6 = 64;
  template <class V>
  void fields(V& v) {
    v("connections", connections);
    v("rate", rate);
    v("prefix_v4", prefix_v4);
    v("prefix_v6", prefix_v6);
  }
  friend bool operator==(const PerSource&, const PerSource&) = default;
};

struct ListenerLimits {
  std::uint32_t connections = 0;  // open at once, exact over all workers; 0: unlimited
  std::uint32_t rate = 0;         // new ones a second, as many at once; 0: unlimited
  PerSource per_source;
  template <class V>
  void fields(V& v) {
    v("connections", connections);
    v("rate", rate);
    v("per_source", per_source);
  }
  friend bool operator==(const ListenerLimits&, const ListenerLimits&) = default;
};

// Takes the weight of a split's part to 0 when far more of its connections fail than of the others
// (proxy/fuse.h has the formula). It stays there until a reload changes the listener's routes.
struct Fuse {
  double factor = 3.0;                 // times as many as of the others; above 1, at most 10
  std::uint32_t min_connections = 20;  // within the window, or nothing is judged
  Duration window = 60s;               // 1s to 1h
  template <class V>
  void fields(V& v) {
    v("factor", factor);
    v("min_connections", min_connections);
    v("window", window);
  }
  friend bool operator==(const Fuse&, const Fuse&) = default;
};

inline constexpr std::size_t kMostParts = 16;  // of a split

// One of the services that share a route's connections.
struct Part {
  std::string name;  // default: the service; unique in its split
  std::string service;
  std::string selector;
  std::uint32_t weight = 1;  // 0 to 65535; its share is weight / the sum of weights
  std::optional<Fuse> fuse;
  template <class V>
  void fields(V& v) {
    v("name", name);
    v("service", service);
    v("selector", selector);
    v("weight", weight);
    v("fuse", fuse);
  }
  friend bool operator==(const Part&, const Part&) = default;
};

// Which clients go where. The first of a listener's routes that matches counts.
struct Route {
  std::string name;  // default: its place, from 0, or "default" if it has no condition
  std::vector<std::string> source;  // Cidrs of the client; none: everybody
  std::string service;              // one service, or
  std::string selector;
  std::vector<Part> split;  // several, at random by weight
  template <class V>
  void fields(V& v) {
    v("name", name);
    v("source", source);
    v("service", service);
    v("selector", selector);
    v("split", split);
  }
  friend bool operator==(const Route&, const Route&) = default;
};

struct Listener {
  std::string name;               // default: the first bind
  std::vector<std::string> bind;  // one Endpoint or a list of them. "[::]:80" takes IPv6 only.
  std::string service;            // where all clients go, or `routes`
  std::string selector;           // of labels that an instance must carry: "role=primary,!canary"
  std::vector<Route> routes;
  std::uint32_t backlog = 4096;
  // reuse_port: the kernel spreads connections over the workers, by a hash. least_loaded: a worker
  // that has more connections than another hands what it accepts over to the one with the fewest.
  AcceptMode accept = AcceptMode::reuse_port;
  ProxyAcceptance proxy_protocol;
  Access access;
  ListenerLimits limits;
  // What becomes of a client while the listener has its limits.connections, or had its limits.rate:
  // closed at once; accepted, and served when there is room (closed after timeouts.first_bytes); or
  // left in the kernel's queue. A source beyond limits.per_source is rejected whatever this says,
  // and a client beyond limits.rate whom a PROXY header names.
  OverLimit over_limit = OverLimit::reject;
  NoInstance no_instance;
  bool access_log = true;  // one line a session
  TimeoutsSaid timeouts;
  TcpSaid tcp;  // for the client's side
  RelaySaid relay;
  template <class V>
  void fields(V& v) {
    v("name", name);
    v.one_or_list("bind", bind);
    v("service", service);
    v("selector", selector);
    v("routes", routes);
    policies(v);
  }
  // The keys that may stand under `defaults` too.
  template <class V>
  void policies(V& v) {
    v("backlog", backlog);
    v("accept", accept);
    v("proxy_protocol", proxy_protocol);
    v("access", access);
    v("limits", limits);
    v("over_limit", over_limit);
    v("no_instance", no_instance);
    v("access_log", access_log);
    v("timeouts", timeouts);
    v("tcp", tcp);
    v("relay", relay);
  }
  friend bool operator==(const Listener&, const Listener&) = default;
};

struct Instance {
  std::string address;         // an Endpoint
  std::string id;              // unique in its service; default: the address
  std::uint32_t weight = 1;    // 0: takes no new connection; at most 65535
  std::uint32_t priority = 0;  // lower is preferred; the next only when nobody is eligible
  std::string zone;
  Labels labels;
  Labels meta;
  template <class V>
  void fields(V& v) {
    v("address", address);
    v("id", id);
    v("weight", weight);
    v("priority", priority);
    v("zone", zone);
    v("labels", labels);
    v("meta", meta);
  }
  friend bool operator==(const Instance&, const Instance&) = default;
};

struct Hash {
  HashKey key = HashKey::client_ip;  // the client's address in text, or that with its port
  std::uint32_t points = 160;        // ring points a unit of weight, policy hash
  // Nobody holds more than so many times his share of the connections, 1 to 100 to three decimals,
  // such as 1.25; 0: no bound (proxy/balance/load_bound.h). Policies hash and maglev.
  double max_load = 0;
  template <class V>
  void fields(V& v) {
    v("key", key);
    v("points", points);
    v("max_load", max_load);
  }
  friend bool operator==(const Hash&, const Hash&) = default;
};

// Whether instances in this proxy's own zone (registry.zone) are preferred among those of one
// priority.
struct ZoneRule {
  bool prefer_local = false;
  std::uint32_t min_local = 1;  // while so many of them are eligible; if they are fewer, all zones
  template <class V>
  void fields(V& v) {
    v("prefer_local", prefer_local);
    v("min_local", min_local);
  }
  friend bool operator==(const ZoneRule&, const ZoneRule&) = default;
};

// An instance that comes back from being down, or is new, begins with a share of its weight, which
// grows evenly (registry/slow_start.h). Not those that are there when the proxy starts.
struct SlowStart {
  Duration window = 0s;  // until it has all of its weight; 0: at once
  double min = 0.1;      // share of its weight that it begins with, 0 (a thousandth) to 1
  template <class V>
  void fields(V& v) {
    v("window", window);
    v("min", min);
  }
  friend bool operator==(const SlowStart&, const SlowStart&) = default;
};

// When this few of a service's instances are eligible, what keeps the others away is less likely
// than that the checks are wrong, or worse than trying: all are taken (registry/registry.h).
struct Panic {
  double threshold = 0.0;  // share of those who are not drained; 0: never
  template <class V>
  void fields(V& v) {
    v("threshold", threshold);
  }
  friend bool operator==(const Panic&, const Panic&) = default;
};

struct Balance {
  Policy policy = Policy::least_connections;
  Hash hash;
  ZoneRule zone;
  SlowStart slow_start;
  Panic panic;
  template <class V>
  void fields(V& v) {
    v("policy", policy);
    v("hash", hash);
    v("zone", zone);
    v("slow_start", slow_start);
    v("panic", panic);
  }
  friend bool operator==(const Balance&, const Balance&) = default;
};

struct HttpCheck {
  std::string method = "GET";  // GET | HEAD | OPTIONS
  std::string path = "/health";
  std::string host;  // the Host header; default: the instance's address
  std::vector<StatusRange> status = {{200, 299}};
  std::string body;  // a text that the answer's body must hold; empty: any
  template <class V>
  void fields(V& v) {
    v("method", method);
    v("path", path);
    v("host", host);
    v("status", status);
    v("body", body);
  }
  friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};

struct Check {
  CheckType type = CheckType::tcp;
  Duration interval = 2s;
  Duration fast_interval = 500ms;  // while the verdict is changing
  Duration timeout = 1s;           // of one probe, connect and answer together
  std::uint32_t rise = 2;          // successes in a row to go up
  std::uint32_t fall = 3;          // failures in a row to go down
  double jitter = 0.1;             // share of the interval by which probes are spread, 0 to 1
  CheckInitial initial = CheckInitial::checking;  // before the first probe
  std::uint16_t port = 0;                         // 0: the instance's own
  HttpCheck http;
  std::string send;    // of send_expect: what is sent first; empty: nothing
  std::string expect;  // of send_expect: a text that the answer must hold; empty: any answer
  template <class V>
  void fields(V& v) {
    v("type", type);
    v("interval", interval);
    v("fast_interval", fast_interval);
    v("timeout", timeout);
    v("rise", rise);
    v("fall", fall);
    v("jitter", jitter);
    v("initial", initial);
    v("port", port);
    v("http", http);
    v("send", send);
    v("expect", expect);
  }
  friend bool operator==(const Check&, const Check&) = default;
};

struct Outlier {
  // Failures in a row that eject, connects and closes before any byte (registry::Failure); 0:
  // never.
  std::uint32_t consecutive = 5;
  Duration base = 30s;              // the n-th ejection lasts base times n
  Duration max = 5min;              // but at most this long
  std::uint32_t max_percent = 50;   // of a service's instances ejected at once
  std::uint32_t keep_at_least = 1;  // nobody is ejected unless as many others are eligible
  template <class V>
  void fields(V& v) {
    v("consecutive", consecutive);
    v("base", base);
    v("max", max);
    v("max_percent", max_percent);
    v("keep_at_least", keep_at_least);
  }
  friend bool operator==(const Outlier&, const Outlier&) = default;
};

// What it is, and how it differs from an ejection: registry/breaker.h.
struct Breaker {
  std::uint32_t failures = 0;   // failures in a row (registry::Failure) that open it; 0: no breaker
  Duration open_for = 60s;      // nobody is sent there for so long
  std::uint32_t half_open = 1;  // trials at a time from then on; the first good one closes it
  template <class V>
  void fields(V& v) {
    v("failures", failures);
    v("open_for", open_for);
    v("half_open", half_open);
  }
  friend bool operator==(const Breaker&, const Breaker&) = default;
};

struct RetryBudget {
  std::uint32_t percent =
      20;                 // of the service's connections, retrying at once; 100 or more: no bound
  std::uint32_t min = 3;  // always allowed
  template <class V>
  void fields(V& v) {
    v("percent", percent);
    v("min", min);
  }
  friend bool operator==(const RetryBudget&, const RetryBudget&) = default;
};

// Opt-in: an instance that closes or resets a connection before it has sent any byte is replaced by
// another, which is sent what the client has said so far. Only for protocols whose requests may be
// done twice.
struct Replay {
  Bytes bytes{0};  // the most that a client may have said by then; 0: nothing is replayed
  template <class V>
  void fields(V& v) {
    v("bytes", bytes);
  }
  friend bool operator==(const Replay&, const Replay&) = default;
};

struct Retry {
  std::uint32_t max_retries = 3;  // attempts after the first
  Duration base_delay = 100ms;    // before the first retry that waits; 0: as good as none (1 ms)
  double multiplier = 2.0;        // at least 1
  Duration max_delay = 2s;
  Jitter jitter = Jitter::full;
  bool immediate_first = true;  // the first retry goes to another instance at once, if there is one
  Duration deadline = 10s;      // from the first attempt to the last; 0: none
  RetryBudget budget;
  Replay replay;
  template <class V>
  void fields(V& v) {
    v("max_retries", max_retries);
    v("base_delay", base_delay);
    v("multiplier", multiplier);
    v("max_delay", max_delay);
    v("jitter", jitter);
    v("immediate_first", immediate_first);
    v("deadline", deadline);
    v("budget", budget);
    v("replay", replay);
  }
  friend bool operator==(const Retry&, const Retry&) = default;
};

struct OnRemove {
  Duration drain = 30s;  // how long connections of a removed instance may go on
  template <class V>
  void fields(V& v) {
    v("drain", drain);
  }
  friend bool operator==(const OnRemove&, const OnRemove&) = default;
};

// Connections of a service, pending ones included, exact over all workers. Who finds no room waits
// in the order in which they came.
struct ServiceLimits {
  std::uint32_t connections = 0;   // of the whole service; 0: unlimited
  std::uint32_t per_instance = 0;  // to each instance; 0: unlimited
  std::uint32_t queue = 1024;      // clients that wait for room at a time; 0: none, all are refused
  Duration queue_timeout = 5s;     // how long each waits at most; 0: as long as it likes
  template <class V>
  void fields(V& v) {
    v("connections", connections);
    v("per_instance", per_instance);
    v("queue", queue);
    v("queue_timeout", queue_timeout);
  }
  friend bool operator==(const ServiceLimits&, const ServiceLimits&) = default;
};

// Moves connections to instances that have come later, by closing quiet ones of those that have
// more than their share: their clients connect anew (proxy/skew.h).
struct Rebalance {
  bool enabled = false;
  double max_skew = 0.2;    // so far above its share an instance may be: 0.2 is a fifth
  std::uint32_t rate = 1;   // connections closed a second at most
  Duration quiet_for = 1s;  // none is closed that has moved a byte within this time
  template <class V>
  void fields(V& v) {
    v("enabled", enabled);
    v("max_skew", max_skew);
    v("rate", rate);
    v("quiet_for", quiet_for);
  }
  friend bool operator==(const Rebalance&, const Rebalance&) = default;
};

struct Service {
  std::string name;
  std::vector<Instance> instances;  // the static ones
  bool registration = true;         // whether others may register under this name
  Balance balance;
  Check check;
  Outlier outlier;
  Breaker breaker;
  Retry retry;
  ServiceLimits limits;
  // Live connections of an instance that goes down: keep them | close what is left after
  // on_remove.drain | close them | reset them on both sides. An instance that comes back in time
  // keeps them.
  OnDown on_down = OnDown::keep;
  OnRemove on_remove;
  Rebalance rebalance;
  ProxyAnnouncement proxy_protocol;
  TimeoutsSaid timeouts;
  TcpSaid tcp;  // for the instance's side
  RelaySaid relay;
  template <class V>
  void fields(V& v) {
    v("name", name);
    v("instances", instances);
    policies(v);
  }
  template <class V>
  void policies(V& v) {
    v("registration", registration);
    v("balance", balance);
    v("check", check);
    v("outlier", outlier);
    v("breaker", breaker);
    v("retry", retry);
    v("limits", limits);
    v("on_down", on_down);
    v("on_remove", on_remove);
    v("rebalance", rebalance);
    v("proxy_protocol", proxy_protocol);
    v("timeouts", timeouts);
    v("tcp", tcp);
    v("relay", relay);
  }
  friend bool operator==(const Service&, const Service&) = default;
};

struct Config {
  std::uint32_t version = 1;
  Process process;
  Log log;
  Admin admin;
  Registry registry;
  // What `defaults` said. By the time a Config is read, every listener and service has taken over
  // from here what it did not say itself; timeouts, tcp and relay are taken over by the functions
  // below, and stand here for both with every key said.
  Listener listener_defaults;
  Service service_defaults;
  std::vector<Listener> listeners;
  std::vector<Service> services;

  const Service* find_service(std::string_view name) const;  // null: no such service
  friend bool operator==(const Config&, const Config&) = default;
};

// A service that a listener leads to, and which of its instances.
struct Target {
  std::string_view service;
  std::string_view selector;
};
// All that a listener leads to, in the order of the file: its service, or what its routes name. The
// words are the listener's.
std::vector<Target> targets_of(const Listener& listener);

// The type of a TLV that applications are free to use, "0xE0" to "0xEF"; nothing: it is none.
std::optional<std::uint8_t> free_tlv_type(std::string_view name);

// What holds for a connection that came in by `listener` and goes to `service`.
Timeouts resolve_timeouts(const Config& config, const Listener& listener, const Service& service);
Relay resolve_relay(const Config& config, const Listener& listener, const Service& service);
// For the socket of the client (listener over defaults) and of the instance (service over
// defaults).
Tcp client_tcp(const Config& config, const Listener& listener);
Tcp instance_tcp(const Config& config, const Service& service);

}  // namespace sluice::config
