#include "config/check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

using testing::with;
using testing::with_service;

struct CheckCase {
  std::string what;
  std::string yaml;
  std::vector<std::string> lines;  // of every problem, in order
};

void expect(const std::vector<CheckCase>& cases) {
  for (const CheckCase& c : cases)
    EXPECT_EQ(testing::lines(testing::load(c.yaml)), c.lines) << c.what;
}

TEST(Required, ListenersAndServices) {
  expect({
      {"empty items",
       R"y(listeners:
  - {}
services:
  - {}
)y",
       {"f:2:5: listeners[0].bind: error: a listener needs an address to bind",
        "f:2:5: listeners[0].service: error: a listener needs the name of a service",
        "f:4:5: services[0].name: error: a service needs a name"}},
      {"a null item",
       R"y(listeners:
  -
services:
  - name: a
    instances: ["10.0.0.1:80"]
)y",
       {"f:3:1: listeners[0].bind: error: a listener needs an address to bind",
        "f:3:1: listeners[0].service: error: a listener needs the name of a service"}},
      {"a service that nobody can be an instance of",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, registration: false, instances: []}
)y",
       {"f:4:47: services[0].instances: error: a service that takes no registrations needs at "
        "least one instance"}},
      {"a service of which instances are to register",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a}
)y",
       {}},
      {"an instance without an address",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{id: x}, ""]}
)y",
       {"f:4:27: services[0].instances[0].address: error: an instance needs an address",
        "f:4:36: services[0].instances[1].address: error: an instance needs an address"}},
      {"the version",
       with(R"y(version: 2
)y"),
       {"f:1:10: version: error: version 2 is not known; write 1"}},
  });
}

TEST(Services, ThatAListenerNamesExist) {
  expect({
      {"a typing error",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: paymnets}
services:
  - {name: payments, instances: ["10.0.0.1:80"]}
  - {name: other, instances: ["10.0.0.1:80"]}
)y",
       {"f:2:37: listeners[0].service: error: there is no service \"paymnets\"; the nearest is "
        "\"payments\""}},
      {"none at all",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services: []
)y",
       {"f:2:37: listeners[0].service: error: there is no service \"a\"",
        "f:3:11: services: error: no service; a configuration needs at least one, with \"name\" "
        "and \"instances\""}},
  });
}

TEST(Services, ThatNobodyUsesAreAWarning) {
  expect({
      {"one of two",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
  - {name: b, instances: ["10.0.0.1:80"]}
)y",
       {"f:5:12: services[1].name: warning: no listener uses the service \"b\""}},
  });
}

TEST(Names, AreUniqueAndPlain) {
  expect({
      {"of listeners",
       R"y(listeners:
  - {name: web, bind: "127.0.0.1:80", service: a}
  - {name: web, bind: "127.0.0.1:81", service: a}
  - {name: "a b", bind: "127.0.0.1:82", service: a}
  - {name: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", bind: "127.0.0.1:83", service: a}
  - {bind: "unix:/run/a b", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
)y",
       {"f:3:12: listeners[1].name: error: another listener has the name \"web\"",
        "f:4:12: listeners[2].name: error: \"a b\" is not a name made of letters, digits and "
        "_.:[]/-",
        "f:5:12: listeners[3].name: error: longer than 128 bytes",
        "f:6:5: listeners[4].name: error: \"unix:/run/a b\" is not a name made of letters, digits "
        "and _.:[]/-"}},
      {"of services",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
  - {bind: "127.0.0.1:81", service: ".."}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
  - {name: a, instances: ["10.0.0.1:80"]}
  - {name: "a/b", instances: ["10.0.0.1:80"]}
  - {name: "..", instances: ["10.0.0.1:80"]}
)y",
       {"f:6:12: services[1].name: error: another service has the name \"a\"",
        "f:7:12: services[2].name: error: \"a/b\" is not a name made of letters, digits and "
        "_.:@+~-",
        "f:8:12: services[3].name: error: \"..\" is not a name made of letters, digits and "
        "_.:@+~-"}},
      {"of instances",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - name: a
    instances:
      - {address: "10.0.0.1:80", id: x}
      - {address: "10.0.0.2:80", id: x}
      - {address: "10.0.0.3:80", id: "a/b"}
      - {address: "10.0.0.4:80", id: "a\nb"}
      - {address: "10.0.0.5:80", id: "10.0.0.6:80"}
      - {address: "10.0.0.6:80"}
)y",
       {"f:7:38: services[0].instances[1].id: error: another instance of the service has the id "
        "\"x\"",
        "f:8:38: services[0].instances[2].id: error: \"a/b\" is not a name made of letters, digits "
        "and _.:@+~[]-",
        "f:9:38: services[0].instances[3].id: error: \"a\\nb\" is not a name made of letters, "
        "digits and _.:@+~[]-",
        "f:11:9: services[0].instances[5].id: error: another instance of the service has the id "
        "\"10.0.0.6:80\""}},
      {"of labels",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", zone: "a\nb", labels: {"a b": x, b: "x\ny"}}]}
)y",
       {"f:4:58: services[0].instances[0].zone: error: \"a\\nb\" is not a text of at most 253 "
        "bytes on one line",
        "f:4:82: services[0].instances[0].labels.a b: error: \"a b\" is not a name made of "
        "letters, digits and _./-",
        "f:4:88: services[0].instances[0].labels.b: error: \"x\\ny\" is not a text of at most 253 "
        "bytes on one line"}},
  });
}

TEST(Addresses, AreBoundOnce) {
  expect({
      {"by all sorts of listeners",
       R"y(admin: {bind: "127.0.0.1:9000"}
listeners:
  - {name: wild, bind: "0.0.0.0:80", service: a}
  - {name: specific, bind: "127.0.0.1:80", service: a}
  - {name: six, bind: ["[::]:80", "[0::1]:81"], service: a}
  - {name: same, bind: "[::1]:81", service: a}
  - {name: over-admin, bind: "0.0.0.0:9000", service: a}
  - {name: admin, bind: "127.0.0.1:9000", service: a}
  - {name: mapped, bind: "[::ffff:127.0.0.1]:82", service: a}
  - {name: path, bind: ["unix:/a", "unix:/a"], service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
)y",
       {"f:4:28: listeners[1].bind: error: 127.0.0.1:80 is bound already, on every address, by "
        "listener \"wild\"",
        "f:6:24: listeners[3].bind: error: [::1]:81 is bound already, by listener \"six\"",
        "f:7:30: listeners[4].bind: error: 0.0.0.0:9000 takes an address that is bound already, by "
        "admin.bind",
        "f:8:25: listeners[5].bind: error: 127.0.0.1:9000 is bound already, by admin.bind",
        "f:9:26: listeners[6].bind: error: a listener on IPv6 takes IPv6 only; bind the IPv4 "
        "address itself",
        "f:10:36: listeners[7].bind[1]: error: unix:/a is bound already, by listener \"path\""}},
      {"or as often as the kernel picks a port",
       R"y(listeners:
  - {name: a, bind: "127.0.0.1:0", service: a}
  - {name: b, bind: ["127.0.0.1:0", "0.0.0.0:0"], service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
)y",
       {}},
  });
}

TEST(Circles, OfListenersThatLeadBackToThemselves) {
  const std::string round = ": connections would go round for ever";
  expect({
      {"its own listener",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80", "127.0.0.1:80"]}
)y",
       {"f:4:42: services[0].instances[1].address: error: \"127.0.0.1:80\" is the listener "
        "\"127.0.0.1:80\"" +
        round}},
      {"on every address, and a unix path",
       R"y(listeners:
  - {name: every, bind: "0.0.0.0:80", service: a}
  - {name: path, bind: "unix:/run/s", service: b}
services:
  - {name: a, instances: ["127.0.0.5:80"]}
  - {name: b, instances: ["unix:/run/s"]}
)y",
       {"f:5:27: services[0].instances[0].address: error: \"127.0.0.5:80\" is the listener "
        "\"every\"" +
            round,
        "f:6:27: services[1].instances[0].address: error: \"unix:/run/s\" is the listener "
        "\"path\"" +
            round}},
      {"by way of another service",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
  - {bind: "127.0.0.1:81", service: b}
services:
  - {name: a, instances: ["127.0.0.1:81"]}
  - {name: b, instances: ["127.0.0.1:80", "10.0.0.1:80"]}
)y",
       {"f:5:27: services[0].instances[0].address: error: \"127.0.0.1:81\" is the listener "
        "\"127.0.0.1:81\"" +
            round,
        "f:6:27: services[1].instances[0].address: error: \"127.0.0.1:80\" is the listener "
        "\"127.0.0.1:80\"" +
            round}},
      {"one listener behind another is no circle, and another machine's port is not ours",
       R"y(listeners:
  - {bind: "0.0.0.0:80", service: a}
  - {bind: "127.0.0.1:81", service: b}
services:
  - {name: a, instances: ["127.0.0.1:81", "10.0.0.1:80"]}
  - {name: b, instances: ["10.0.0.1:81", "[::1]:80"]}
)y",
       {}},
  });
}

TEST(Addresses, OfInstancesCanBeConnectedTo) {
  expect({
      {"wildcards, port 0, names, doubles",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80", "0.0.0.0:80", "10.0.0.1:0", "db.internal:80", "[::1]:80", {address: "[0:0::1]:80", id: x}, "unix:/run/a.sock"]}
)y",
       {"f:4:42: services[0].instances[1].address: error: \"0.0.0.0:80\" is every address and none "
        "to connect to",
        "f:4:56: services[0].instances[2].address: error: port 0 is none to connect to",
        "f:4:70: services[0].instances[3].address: error: \"db.internal\" is not an IP address; a "
        "host name needs a dns source, which is not available in this version",
        "f:4:110: services[0].instances[5].address: error: another instance of the service has the "
        "address \"[::1]:80\""}},
  });
}

TEST(Registry, HasLeasesAndPenaltiesThatMakeSense) {
  expect({
      {"ttl",
       with(R"y(registry: {ttl: {min: 10s, max: 5s}}
)y"),
       {"f:1:33: registry.ttl.max: error: max (5s) is below min (10s)"}},
      {"default beyond the bounds",
       with(R"y(registry: {ttl: {default: 1s, min: 2s}}
)y"),
       {"f:1:27: registry.ttl.default: error: 1s is below 2s"}},
      {"flap",
       with(R"y(registry: {flap: {suppress: 10, reuse: 10}}
)y"),
       {"f:1:40: registry.flap.reuse: error: reuse (10) is not below suppress (10)"}},
      {"waits",
       with(R"y(registry: {watch: {max_wait: 1s}}
)y"),
       {"f:1:19: registry.watch.default_wait: error: 5m is above 1s"}},
      {"store",
       with(R"y(registry: {store: {path: ""}}
)y"),
       {"f:1:26: registry.store.path: error: the path of the store must not be empty nor hold "
        "control characters"}},
  });
}

TEST(Registry, AllowsPrefixesOfAddresses) {
  expect({
      {"addresses and prefixes",
       with(R"y(registry: {allow: ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]}
)y"),
       {}},
      {"each that is none, at its place",
       with(R"y(registry:
  allow:
    - "10.1.2.3/8"
    - "10.0.0.0/8"
    - "10.0.0.0/33"
    - db.internal
)y"),
       {"f:3:7: registry.allow[0]: error: \"10.1.2.3/8\" has bits set below the prefix; the prefix "
        "is 10.0.0.0/8",
        "f:5:7: registry.allow[2]: error: the length of the prefix, \"33\" is above 32; write "
        "10.0.0.0/32 for that address alone",
        "f:6:7: registry.allow[3]: error: \"db.internal\" is not an IP address; a host name needs "
        "a "
        "dns source, which is not available in this version"}},
  });
}

TEST(Listeners, SelectByLabels) {
  const auto with_selector = [](const std::string& selector) {
    return "listeners:\n"
           "  - {bind: \"127.0.0.1:80\", service: a, selector: \"" +
           selector +
           "\"}\n"
           "services:\n"
           "  - {name: a, instances: [\"10.0.0.1:80\"]}\n";
  };
  expect({
      {"a good one", with_selector("role=primary,zone in (a,b),!canary"), {}},
      {"a list without its end",
       with_selector("zone in (a,b"),
       {"f:2:50: listeners[0].selector: error: at byte 13: expected \",\" or \")\", found the "
        "end"}},
      {"a term without a key",
       with_selector("role=primary,=x"),
       {"f:2:50: listeners[0].selector: error: at byte 14: expected a label's key, found \"=\""}},
  });
}

TEST(ProxyProtocol, IsTakenFromSomewhereAndSaidInFull) {
  expect({
      {"all that there is",
       R"y(defaults: {proxy_protocol: {accept: optional, trusted: [10.0.0.0/8], send: v2}}
listeners:
  - bind: "127.0.0.1:80"
    service: a
    proxy_protocol: {accept: required, trusted: [127.0.0.1, "fd00::/8"]}
    access: {allow: [10.0.0.0/8], deny: [10.1.0.0/16]}
    timeouts: {first_bytes: 3s}
services:
  - name: a
    instances: ["10.0.0.1:80"]
    proxy_protocol:
      tlvs: {alpn: h2, authority: a.example, unique_id: auto, crc32c: "on", "0xE0": x, "0xef": y}
)y",
       {}},
      {"what is wrong with each",
       R"y(listeners:
  - bind: "127.0.0.1:80"
    service: a
    proxy_protocol: {accept: optional}
    access: {allow: [10.0.0.1/8], deny: [everybody]}
    timeouts: {first_bytes: 0s}
  - bind: "127.0.0.1:81"
    service: a
    proxy_protocol: {accept: required, send: v1}
services:
  - name: a
    instances: ["10.0.0.1:80"]
    proxy_protocol: {send: v1, tlvs: {"0xF0": x, crc32c: yes, unique_id: "1", alpn: "", "0xE": x}}
)y",
       {"f:4:21: listeners[0].proxy_protocol.trusted: error: whoever may leave the header out "
        "could as well forge one: name the networks that it is taken from",
        "f:5:22: listeners[0].access.allow[0]: error: \"10.0.0.1/8\" has bits set below the "
        "prefix; the prefix is 10.0.0.0/8",
        "f:5:42: listeners[0].access.deny[0]: error: \"everybody\" is not an IP address; a host "
        "name needs a dns source, which is not available in this version",
        "f:6:29: listeners[0].timeouts.first_bytes: error: 0s is below 1ms",
        "f:9:21: listeners[1].proxy_protocol.trusted: warning: everybody who reaches the listener "
        "may say that he is somebody else; name the networks that the header is taken from",
        "f:9:40: listeners[1].proxy_protocol.send: error: unknown key \"send\"; the nearest known "
        "one is \"accept\"",
        "f:13:47: services[0].proxy_protocol.tlvs.0xF0: error: \"0xF0\" is none of alpn, "
        "authority, unique_id, crc32c and 0xE0 to 0xEF",
        "f:13:58: services[0].proxy_protocol.tlvs.crc32c: error: \"crc32c\" must be on",
        "f:13:74: services[0].proxy_protocol.tlvs.unique_id: error: \"unique_id\" must be auto",
        "f:13:85: services[0].proxy_protocol.tlvs.alpn: error: \"alpn\" is empty",
        "f:13:96: services[0].proxy_protocol.tlvs.0xE: error: \"0xE\" is none of alpn, authority, "
        "unique_id, crc32c and 0xE0 to 0xEF"}},
      {"TLVs of version 1",
       with_service(R"y(    proxy_protocol: {send: v1, tlvs: {alpn: h2}}
)y"),
       {"f:6:38: services[0].proxy_protocol.tlvs: error: version 1 of the protocol carries none; "
        "send v2"}},
  });
}

TEST(Listeners, HoldAndCountSensibly) {
  expect({
      {"holding, and sources",
       R"y(listeners:
  - bind: "127.0.0.1:80"
    service: a
    no_instance: {action: hold, hold: 5s, hold_max: 0}
    limits: {rate: 10, per_source: {connections: 5, rate: 1, prefix_v4: 24, prefix_v6: 48}}
services:
  - {name: a, instances: ["10.0.0.1:80"], on_down: drain}
)y",
       {}},
      {"holding for no time, and prefixes that are none",
       R"y(defaults: {no_instance: {action: hold}}
listeners:
  - bind: "127.0.0.1:80"
    service: a
    limits: {per_source: {prefix_v4: 33, prefix_v6: 0}}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
)y",
       {"f:1:25: defaults.no_instance.hold: error: a client that is held needs a time to be held "
        "for, such as 5s",
        "f:5:38: listeners[0].limits.per_source.prefix_v4: error: 33 is above 32",
        "f:5:53: listeners[0].limits.per_source.prefix_v6: error: 0 is below 1"}},
  });
}

TEST(Services, LimitsMakeSense) {
  expect({
      {"all of them",
       with_service(
           R"y(    limits: {connections: 10, per_instance: 10, queue: 0, queue_timeout: 0}
)y"),
       {}},
      {"an instance that may have more than its service",
       with_service(R"y(    limits: {connections: 10, per_instance: 11}
)y"),
       {"f:6:45: services[0].limits.per_instance: error: no instance would ever have 11 "
        "connections, for the whole service may have 10"}},
  });
}

TEST(Admin, StaysOnLoopbackWithoutTokens) {
  expect({
      {"every address",
       with(R"y(admin: {bind: "0.0.0.0:9901"}
)y"),
       {"f:1:15: admin.bind: error: 0.0.0.0:9901 is not loopback: the API would be open to the "
        "network, which needs admin.tokens_file"}},
      {"another",
       with(R"y(admin: {bind: "[2001:db8::1]:9901"}
)y"),
       {"f:1:15: admin.bind: error: [2001:db8::1]:9901 is not loopback: the API would be open to "
        "the network, which needs admin.tokens_file"}},
      {"none",
       with(R"y(admin: {bind: ""}
)y"),
       {"f:1:15: admin.bind: error: is empty; write an address such as 10.0.0.1:5432, "
        "[2001:db8::1]:5432 or unix:/path"}},
      {"a socket",
       with(R"y(admin: {bind: "unix:/run/sluice.sock"}
)y"),
       {}},
      {"its hosts and limits",
       with(
           R"y(admin: {allowed_hosts: [ok.example, "a b"], limits: {connections: 0, header: 1, deadline: 0}}
)y"),
       {"f:1:37: admin.allowed_hosts[1]: error: \"a b\" is not a host name",
        "f:1:67: admin.limits.connections: error: 0 is below 1",
        "f:1:78: admin.limits.header: error: 1B is below 256B",
        "f:1:91: admin.limits.deadline: error: 0s is below 10ms"}},
  });
}

TEST(Ranges, OfTheProcess) {
  expect({
      {"counts",
       with(R"y(process: {workers: 0, max_connections: 0}
)y"),
       {"f:1:20: process.workers: error: 0 is below 1",
        "f:1:40: process.max_connections: error: 0 is below 1"}},
      {"too many workers",
       with(R"y(process: {workers: 1025}
)y"),
       {"f:1:20: process.workers: error: 1025 is above 1024"}},
  });
}

TEST(Zones, ArePreferredByAProxyThatHasOne) {
  const std::string what =
      "registry.zone does not say which zone this proxy is in, so that none is preferred";
  expect({
      {"a service",
       with_service(R"y(    balance: {zone: {prefer_local: true}}
)y"),
       {"f:6:36: services[0].balance.zone.prefer_local: warning: " + what}},
      {"the defaults",
       with(R"y(defaults: {balance: {zone: {prefer_local: true}}}
)y"),
       {"f:1:43: defaults.balance.zone.prefer_local: warning: " + what}},
      {"with one",
       with(R"y(registry: {zone: z1}
defaults: {balance: {zone: {prefer_local: true}}}
)y"),
       {}},
  });
}

TEST(Ranges, OfPolicies) {
  expect({
      {"of a rebalancing that could not work",
       with_service(R"y(    rebalance: {enabled: true, max_skew: 11, rate: 0}
    balance: {policy: hash}
)y"),
       {"f:6:26: services[0].rebalance.enabled: error: with the policy hash a client that is "
        "closed "
        "comes back to the same instance",
        "f:6:42: services[0].rebalance.max_skew: error: 11.0 is above 10.0",
        "f:6:52: services[0].rebalance.rate: error: 0 is below 1"}},
      {"of a breaker that could not work",
       with_service(R"y(    breaker: {failures: 3, open_for: 0, half_open: 0}
    retry: {max_retries: 0, replay: {bytes: 1KiB}}
)y"),
       {"f:6:38: services[0].breaker.open_for: error: a breaker that is open for no time protects "
        "nobody; without one, failures is 0",
        "f:6:52: services[0].breaker.half_open: error: without a trial a breaker that has opened "
        "would never close; 1 is the least",
        "f:7:45: services[0].retry.replay.bytes: error: nothing is replayed while max_retries is "
        "0: a replay is a retry"}},
      {"of what means nothing",
       with_service(R"y(    breaker: {half_open: 2}
    retry: {replay: {bytes: 2MiB}}
)y"),
       {"f:6:14: services[0].breaker: warning: means nothing while failures is 0: there is no "
        "breaker",
        "f:7:29: services[0].retry.replay.bytes: error: 2MiB is above 1MiB"}},
      {"of a service",
       with_service(
           R"y(    check: {interval: 1ms, fast_interval: 0, timeout: 0, rise: 0, fall: 0, jitter: 1.5}
    retry: {base_delay: 5s, multiplier: 0.5}
    outlier: {base: 10m, max_percent: 101}
    balance: {policy: hash, hash: {points: 5000, max_load: 0.9}, zone: {min_local: 0}, panic: {threshold: 1.5}, slow_start: {min: -1}}
    timeouts: {connect: 0, max_age_jitter: -0.1}
    tcp: {keepalive: {idle: 1.5s, interval: 0, count: 200}, user_timeout: 1000h}
    relay: {buffer: 1KiB}
)y"),
       {"f:6:23: services[0].check.interval: error: 1ms is below 10ms",
        "f:6:43: services[0].check.fast_interval: error: 0s is below 10ms",
        "f:6:55: services[0].check.timeout: error: 0s is below 1ms",
        "f:6:64: services[0].check.rise: error: 0 is below 1",
        "f:6:73: services[0].check.fall: error: 0 is below 1",
        "f:6:84: services[0].check.jitter: error: 1.5 is above 1.0",
        "f:7:12: services[0].retry.max_delay: error: max_delay (2s) is below base_delay (5s)",
        "f:7:41: services[0].retry.multiplier: error: 0.5 is below 1.0",
        "f:8:14: services[0].outlier.max: error: max (5m) is below base (10m)",
        "f:8:39: services[0].outlier.max_percent: error: 101 is above 100",
        "f:9:44: services[0].balance.hash.points: error: 5000 is above 4096",
        "f:9:60: services[0].balance.hash.max_load: error: 0.9 is below 1.0",
        "f:9:84: services[0].balance.zone.min_local: error: 0 is below 1",
        "f:9:107: services[0].balance.panic.threshold: error: 1.5 is above 1.0",
        "f:9:131: services[0].balance.slow_start.min: error: -1.0 is below 0.0",
        "f:10:44: services[0].timeouts.max_age_jitter: error: -0.1 is below 0.0",
        "f:11:29: services[0].tcp.keepalive.idle: error: 1500ms is not a number of whole seconds, "
        "which is all the kernel takes",
        "f:11:45: services[0].tcp.keepalive.interval: error: 0s is below 1s",
        "f:11:55: services[0].tcp.keepalive.count: error: 200 is above 127",
        "f:11:75: services[0].tcp.user_timeout: error: 1000h is above 2147483647ms",
        "f:12:21: services[0].relay.buffer: error: 1KiB is below 4KiB"}},
      {"of the defaults, told once",
       with(
           R"y(defaults: {backlog: 70000, check: {rise: 0}, timeouts: {connect: 0}, relay: {buffer: 17MiB}}
)y"),
       {"f:1:21: defaults.backlog: error: 70000 is above 65535",
        "f:1:42: defaults.check.rise: error: 0 is below 1",
        "f:1:86: defaults.relay.buffer: error: 17MiB is above 16MiB"}},
      {"of an instance",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", weight: 65536}]}
)y",
       {"f:4:60: services[0].instances[0].weight: error: 65536 is above 65535"}},
  });
}

TEST(Retry, DelaysFitTogether) {
  expect({
      {"with an inherited one",
       R"y(defaults: {retry: {max_delay: 5s}}
listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"], retry: {base_delay: 6s}}
)y",
       {"f:5:50: services[0].retry.max_delay: error: max_delay (5s) is below base_delay (6s)"}},
      {"at their bounds",
       with_service(
           R"y(    retry: {base_delay: 2s, max_delay: 2s, multiplier: 1, max_retries: 0, deadline: 0}
)y"),
       {}},
  });
}

TEST(HttpCheck, SendsOnlyWhatARequestMayHold) {
  expect({
      {"a line break",
       with_service(R"y(    check:
      type: http
      http: {method: POST, path: health, host: "a\r\nX: y", status: []}
)y"),
       {"f:8:22: services[0].check.http.method: error: \"POST\" is not one of GET, HEAD, OPTIONS",
        "f:8:34: services[0].check.http.path: error: \"health\" is not a path: a \"/\", then ASCII "
        "without blanks (percent-encode the rest)",
        "f:8:48: services[0].check.http.host: error: \"a\\r\\nX: y\" is not a Host header: at most "
        "255 bytes of ASCII without blanks",
        "f:8:69: services[0].check.http.status: error: no status would pass; name one, such as "
        "200-299"}},
      {"a blank, a body of HEAD",
       with_service(R"y(    check: {http: {method: HEAD, path: "/a b", body: ok}}
)y"),
       {"f:6:40: services[0].check.http.path: error: \"/a b\" is not a path: a \"/\", then ASCII "
        "without blanks (percent-encode the rest)",
        "f:6:54: services[0].check.http.body: error: an answer to HEAD has no body to look into; "
        "use the method GET"}},
      {"words for another type",
       with(R"y(defaults: {check: {type: send_expect, send: "?"}}
)y",
            R"y(    check: {type: redis, send: "", expect: "+PONG"}
)y"),
       {"f:7:44: services[0].check.expect: error: only a check of type send_expect looks at it"}},
      {"words inherited by another type",
       with(R"y(defaults: {check: {type: send_expect, send: "?"}}
)y",
            R"y(    check: {type: tcp}
)y"),
       {}},
      {"too many words",
       with_service("    check: {type: send_expect, send: '" + std::string(65537, 'x') + "'}\n"),
       {"f:6:38: services[0].check.send: error: longer than 64 KiB"}},
  });
}

TEST(Weights, MakeASensibleWhole) {
  expect({
      {"nobody takes a connection",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", weight: 0}, {address: "10.0.0.2:80", weight: 0}]}
)y",
       {"f:4:26: services[0].instances: warning: every instance has the weight 0: none takes a "
        "connection"}},
      {"a ring of bounded size",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - name: a
    balance: {policy: hash}
    instances: [{address: "10.0.0.1:80", weight: 65535}, {address: "10.0.0.2:80", weight: 65535}]
)y",
       {"f:5:14: services[0].balance.hash.points: error: a ring of 20971200 points (points times "
        "the sum of weights) is above 16777216; take smaller weights or fewer points"}},
      {"of hash alone",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - name: a
    balance: {policy: maglev}
    instances: [{address: "10.0.0.1:80", weight: 65535}, {address: "10.0.0.2:80", weight: 65535}]
)y",
       {}},
  });
}

}  // namespace
}  // namespace sluice::config
