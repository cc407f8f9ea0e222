// What a file can say wrongly, and the words in which it is told.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load.h"
#include "tests/config/yaml.h"

namespace sluice::config {
namespace {

using testing::with;
using testing::with_service;

struct Refusal {
  std::string what;
  std::string yaml;
  std::vector<std::string> lines;  // of every problem, in order
};

void expect_refused(const std::vector<Refusal>& cases) {
  for (const Refusal& c : cases)
    EXPECT_EQ(testing::lines(testing::load(c.yaml)), c.lines) << c.what;
}

TEST(Keys, ThatAreUnknownNameTheNearest) {
  expect_refused({
      {"at the top",
       with(R"y(proces: {}
)y"),
       {"f:1:1: proces: error: unknown key \"proces\"; the nearest known one is \"process\""}},
      {"in a section",
       with_service(R"y(    check:
      intervall: 2s
      http: {pth: /}
)y"),
       {"f:7:7: services[0].check.intervall: error: unknown key \"intervall\"; the nearest known "
        "one is \"interval\"",
        "f:8:14: services[0].check.http.pth: error: unknown key \"pth\"; the nearest known one is "
        "\"path\""}},
      {"of an instance",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", wieght: 2}]}
)y",
       {"f:4:52: services[0].instances[0].wieght: error: unknown key \"wieght\"; the nearest known "
        "one is \"weight\""}},
      {"instead of a required one",
       R"y(listeners:
  - {bnd: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
)y",
       {"f:2:5: listeners[0].bind: error: a listener needs an address to bind",
        "f:2:6: listeners[0].bnd: error: unknown key \"bnd\"; the nearest known one is \"bind\""}},
  });
}

TEST(Keys, ThatAreStillToComeAreNotCalledUnknown) {
  expect_refused({
      {"everywhere",
       R"y(telemetry: {}
registry: {store: {url: redis}}
process: {user: x, upgrade_socket: y}
admin: {tls: {}}
defaults: {tls: {}, source: {}, tcp: {fast_open: 1, congestion: bbr}}
listeners:
  - bind: "127.0.0.1:80"
    service: a
    routes: [{sni: [a.example], service: a}]
    tls: {}
services:
  - name: a
    instances: ["10.0.0.1:80"]
    sources: []
    balance: {policy: first}
    check: {}
    tcp: {fast_open: 1}
)y",
       {"f:1:1: telemetry: error: \"telemetry\" is not available in this version",
        "f:2:20: registry.store.url: error: \"url\" is not available in this version",
        "f:3:11: process.user: error: \"user\" is not available in this version",
        "f:3:20: process.upgrade_socket: error: \"upgrade_socket\" is not available in this "
        "version",
        "f:4:9: admin.tls: error: \"tls\" is not available in this version",
        "f:5:12: defaults.tls: error: \"tls\" is not available in this version",
        "f:5:21: defaults.source: error: \"source\" is not available in this version",
        "f:5:39: defaults.tcp.fast_open: error: \"fast_open\" is not available in this version",
        "f:5:53: defaults.tcp.congestion: error: \"congestion\" is not available in this version",
        "f:9:15: listeners[0].routes[0].sni: error: \"sni\" is not available in this version",
        "f:10:5: listeners[0].tls: error: \"tls\" is not available in this version",
        "f:14:5: services[0].sources: error: \"sources\" is not available in this version",
        "f:17:11: services[0].tcp.fast_open: error: \"fast_open\" is not available in this "
        "version"}},
      {"those without a default",
       with(R"y(defaults: {bind: x, name: y, service: z, instances: []}
)y"),
       {"f:1:12: defaults.bind: error: \"bind\" has no default; it stands on each listener or "
        "service itself",
        "f:1:21: defaults.name: error: \"name\" has no default; it stands on each listener or "
        "service itself",
        "f:1:30: defaults.service: error: \"service\" has no default; it stands on each listener "
        "or service itself",
        "f:1:42: defaults.instances: error: \"instances\" has no default; it stands on each "
        "listener or service itself"}},
  });
}

TEST(Keys, StandOnceAndAreTexts) {
  expect_refused({
      {"twice in a line",
       with(R"y(log: {level: info, level: warn}
)y"),
       {"f:1:20: log.level: error: duplicate key \"level\""}},
      {"twice at the top",
       R"y(log: {}
listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: ["10.0.0.1:80"]}
log: {level: off}
)y",
       {"f:6:1: log: error: duplicate key \"log\""}},
      {"no texts",
       with(R"y(? [a]
: 1
1: 2
~: 3
)y"),
       {"f:1:3: error: a key must be a text, found a list",
        "f:3:1: 1: error: unknown key \"1\"; the nearest known one is \"log\"",
        "f:4:1: error: a key must be a text, found nothing"}},
      {"twice among labels",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", labels: {r: x, r: y, [q]: z}}]}
)y",
       {"f:4:67: services[0].instances[0].labels.r: error: duplicate key \"r\"",
        "f:4:73: services[0].instances[0].labels: error: a key must be a text, found a list"}},
  });
}

TEST(Words, ThatAreNoneNameTheNearest) {
  expect_refused({
      {"enums",
       with_service(R"y(    balance: {policy: least_conn}
    check: {type: htp, initial: Up}
    retry: {jitter: on}
)y"),
       {"f:6:23: services[0].balance.policy: error: \"least_conn\" is not one of "
        "least_connections, p2c, round_robin, random, first, hash, maglev; the nearest is "
        "\"least_connections\"",
        "f:7:19: services[0].check.type: error: \"htp\" is not one of none, tcp, http, "
        "send_expect, "
        "redis, pgsql, mysql; the nearest is \"http\"",
        "f:7:33: services[0].check.initial: error: \"Up\" is not one of checking, up; the nearest "
        "is \"up\"",
        "f:8:21: services[0].retry.jitter: error: \"on\" is not one of full, none; the nearest is "
        "\"none\""}},
      {"still to come",
       with_service(R"y(    balance: {hash: {key: sni}}
    check: {type: tls}
)y"),
       {"f:6:27: services[0].balance.hash.key: error: \"sni\" is not available in this version, "
        "which has client_ip, client",
        "f:7:19: services[0].check.type: error: \"tls\" is not available in this version, which "
        "has none, tcp, http, send_expect, redis, pgsql, mysql"}},
      {"what becomes of those beyond a limit",
       with(R"y(defaults: {over_limit: backlock}
)y"),
       {"f:1:24: defaults.over_limit: error: \"backlock\" is not one of reject, delay, backlog; "
        "the "
        "nearest is \"backlog\""}},
      {"log",
       with(R"y(log: {level: warning, format: Json, target: stdrr}
)y"),
       {"f:1:14: log.level: error: \"warning\" is not one of trace, debug, info, warn, error, off; "
        "the nearest is \"warn\"",
        "f:1:31: log.format: error: \"Json\" is not one of json, text; the nearest is \"json\"",
        "f:1:45: log.target: error: \"stdrr\" is neither stderr nor stdout; a file's path holds a "
        "\"/\""}},
  });
}

TEST(Values, AreOfTheirType) {
  expect_refused({
      {"a section",
       with(R"y(process: 5
log: [a]
)y"),
       {"f:1:10: process: error: expected a map of keys, found a text",
        "f:2:6: log: error: expected a map of keys, found a list"}},
      {"a text",
       with(R"y(admin: {bind: [a]}
)y"),
       {"f:1:15: admin.bind: error: expected a text, found a list"}},
      {"a list",
       with(R"y(admin: {allowed_hosts: host}
)y"),
       {"f:1:24: admin.allowed_hosts: error: expected a list, found a text"}},
      {"the lists",
       R"y(listeners: {a: 1}
services: nope
)y",
       {"f:1:12: listeners: error: expected a list, found a map",
        "f:2:11: services: error: expected a list, found a text"}},
      {"items",
       R"y(listeners:
  - 5
  - [x]
services:
  - {name: a, instances: [[x], 5]}
)y",
       {"f:2:5: listeners[0]: error: expected a map of keys, found a text",
        "f:3:5: listeners[1]: error: expected a map of keys, found a list",
        "f:5:27: services[0].instances[0]: error: expected a map of keys, found a list",
        "f:5:32: services[0].instances[1].address: error: \"5\" is not an IPv4 address: four "
        "decimal numbers from 0 to 255 without leading zeros, such as 10.0.0.1"}},
      {"labels",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
services:
  - {name: a, instances: [{address: "10.0.0.1:80", labels: {a: [1]}, meta: [1]}]}
)y",
       {"f:4:64: services[0].instances[0].labels.a: error: expected a text, found a list",
        "f:4:76: services[0].instances[0].meta: error: expected a map of keys, found a list"}},
      {"nothing at all",
       with(R"y(log:
process:
  workers:
  shutdown:
    drain: ~
    spread: null
)y"),
       {"f:3:3: process.workers: error: has no value; write a number or auto, or leave the key out",
        "f:5:5: process.shutdown.drain: error: has no value; write a duration, or leave the key "
        "out",
        "f:6:5: process.shutdown.spread: error: has no value; write true or false, or leave the "
        "key out"}},
      {"a NUL byte in quotes",
       with(R"y(admin: {bind: "127.0.0.1:1\0"}
)y"),
       {"f:1:15: admin.bind: error: holds a NUL byte"}},
  });
}

TEST(Values, ThatAreBoolsAreTrueOrFalse) {
  expect_refused({
      {"the words of YAML 1.1",
       with(R"y(defaults: {access_log: yes, tcp: {nodelay: Off}}
process: {shutdown: {spread: TRUE}}
)y"),
       {"f:1:24: defaults.access_log: error: \"yes\" is not accepted; write true",
        "f:1:44: defaults.tcp.nodelay: error: \"Off\" is not accepted; write false",
        "f:2:30: process.shutdown.spread: error: \"TRUE\" is not accepted; write true"}},
      {"others",
       with(R"y(defaults: {access_log: maybe}
)y"),
       {"f:1:24: defaults.access_log: error: \"maybe\" is neither true nor false"}},
  });
}

TEST(Values, ThatAreNumbersAreDecimal) {
  expect_refused({
      {"whole ones",
       with_service(R"y(    check: {rise: 0x10, fall: 010, port: 70000}
    outlier: {consecutive: -1, max_percent: 5.0}
    retry: {max_retries: "+3"}
)y"),
       {"f:6:19: services[0].check.rise: error: \"0x10\" is not a whole decimal number",
        "f:6:31: services[0].check.fall: error: \"010\" is not a whole decimal number",
        "f:6:42: services[0].check.port: error: \"70000\" is above 65535",
        "f:7:28: services[0].outlier.consecutive: error: \"-1\" is negative",
        "f:7:45: services[0].outlier.max_percent: error: \"5.0\" is not a whole decimal number",
        "f:8:26: services[0].retry.max_retries: error: \"+3\" is not a whole decimal number"}},
      {"others",
       with_service(R"y(    check: {jitter: 1e3}
    retry: {multiplier: .inf}
)y"),
       {"f:6:21: services[0].check.jitter: error: \"1e3\" is not a decimal number such as 0.5",
        "f:7:25: services[0].retry.multiplier: error: \".inf\" is not a decimal number such as "
        "0.5"}},
      {"auto",
       with(R"y(process: {workers: many, max_connections: -1}
)y"),
       {"f:1:20: process.workers: error: \"many\" is not a whole decimal number",
        "f:1:43: process.max_connections: error: \"-1\" is negative"}},
  });
}

TEST(Values, ThatAreQuantitiesHaveUnits) {
  expect_refused({
      {"durations",
       with_service(R"y(    check: {interval: 5, fast_interval: 1.0005s, timeout: 3sec}
    retry: {base_delay: -1s, max_delay: fast, deadline: 99999h}
)y"),
       {"f:6:23: services[0].check.interval: error: \"5\" has no unit; write ms, s, m or h after "
        "the number",
        "f:6:41: services[0].check.fast_interval: error: \"1.0005s\" is not a whole number of "
        "milliseconds",
        "f:6:59: services[0].check.timeout: error: \"3sec\" has the unknown unit \"sec\"; ms, s, m "
        "or h",
        "f:7:25: services[0].retry.base_delay: error: \"-1s\" is negative",
        "f:7:41: services[0].retry.max_delay: error: \"fast\" is not a duration such as 500ms, "
        "30s, 10m or 1h",
        "f:7:57: services[0].retry.deadline: error: \"99999h\" is above ten years (87600h)"}},
      {"sizes",
       with(R"y(defaults: {relay: {buffer: 64KB}}
admin: {limits: {body: 1.5MiB, header: 99999999GiB}}
)y"),
       {"f:1:28: defaults.relay.buffer: error: \"64KB\" has the unknown unit \"KB\"; B, KiB, MiB "
        "or GiB",
        "f:2:24: admin.limits.body: error: \"1.5MiB\" is not a size such as 4096, 64KiB, 1MiB or "
        "2GiB",
        "f:2:40: admin.limits.header: error: \"99999999GiB\" is above 1024GiB"}},
      {"status codes",
       with_service(R"y(    check: {http: {status: [99, 300-200, abc, 204, 200-299]}}
)y"),
       {"f:6:29: services[0].check.http.status[0]: error: \"99\" is not within 100 to 599, the "
        "smaller first",
        "f:6:33: services[0].check.http.status[1]: error: \"300-200\" is not within 100 to 599, "
        "the smaller first",
        "f:6:42: services[0].check.http.status[2]: error: \"abc\" is not a status code or a range "
        "such as 200-299"}},
  });
}

TEST(Environment, IsToldAtTheValueThatWantsIt) {
  expect_refused({
      {"unset and malformed",
       with(R"y(log: {level: "${LEVEL}", target: "${X-y}", format: "${"}
)y"),
       {"f:1:14: log.level: error: the environment variable LEVEL is not set; ${LEVEL:-...} gives "
        "it a default",
        "f:1:34: log.target: error: \"${X-y}\" names no environment variable; write $${ for a "
        "literal ${",
        "f:1:52: log.format: error: no \"}\" after \"${\"; write $${ for a literal ${"}},
  });
}

TEST(Files, ThatHoldNoConfiguration) {
  expect_refused({
      {"empty",
       "",
       {"f: error: holds nothing; a configuration needs at least \"listeners\" and \"services\""}},
      {"a comment",
       R"y(# nothing
)y",
       {"f: error: holds nothing; a configuration needs at least \"listeners\" and \"services\""}},
      {"null",
       R"y(null
)y",
       {"f:1:1: error: holds nothing; a configuration needs at least \"listeners\" and "
        "\"services\""}},
      {"a list",
       R"y(- a
)y",
       {"f:1:1: error: expected a map of keys such as \"listeners\" and \"services\", found a "
        "list"}},
      {"a text",
       R"y(hello
)y",
       {"f:1:1: error: expected a map of keys such as \"listeners\" and \"services\", found a "
        "text"}},
      {"an empty map",
       R"y({}
)y",
       {"f:1:1: listeners: error: no listener; a configuration needs at least one, with \"bind\" "
        "and \"service\"",
        "f:1:1: services: error: no service; a configuration needs at least one, with \"name\" and "
        "\"instances\""}},
      {"neither listener nor service",
       R"y(listeners: []
services:
)y",
       {"f:1:12: listeners: error: no listener; a configuration needs at least one, with \"bind\" "
        "and \"service\"",
        "f:2:1: services: error: no service; a configuration needs at least one, with \"name\" and "
        "\"instances\""}},
      {"only one of the two",
       R"y(listeners:
  - {bind: "127.0.0.1:80", service: a}
)y",
       {"f:1:1: services: error: no service; a configuration needs at least one, with \"name\" and "
        "\"instances\"",
        "f:2:37: listeners[0].service: error: there is no service \"a\""}},
      {"a second document",
       R"y(a: 1
---
b: 2
)y",
       {"f:1:1: a: error: unknown key \"a\"; the nearest known one is \"log\"",
        "f:1:1: listeners: error: no listener; a configuration needs at least one, with \"bind\" "
        "and \"service\"",
        "f:1:1: services: error: no service; a configuration needs at least one, with \"name\" and "
        "\"instances\"",
        "f:3:1: error: goes on after the end of the document; a file holds one"}},
  });
}

TEST(Files, ThatAreNoText) {
  expect_refused({
      {"a NUL byte",
       std::string("a: b\012c\000d", 8),
       {"f:2:2: error: not UTF-8 text: control character \"\\x00\""}},
      {"an escape",
       std::string("a: \033[0m", 7),
       {"f:1:4: error: not UTF-8 text: control character \"\\x1b\""}},
      {"Latin-1",
       std::string("a: gr\374\337", 7),
       {"f:1:6: error: not UTF-8 text: stray byte \"\\xfc\""}},
      {"UTF-16",
       std::string("\377\376a\000", 4),
       {"f:1:1: error: not UTF-8 text: stray byte \"\\xff\""}},
      {"bad syntax",
       R"y(listeners: [
  a: b: c
)y",
       {"f:2:7: error: not valid YAML: end of sequence flow not found"}},
      {"no end of quotes",
       R"y(a: "b
)y",
       {"f:2:1: error: not valid YAML: illegal EOF in scalar"}},
      {"an item of nothing, nor an end of the line",
       R"y(listeners: [{bind: "127.0.0.1:1", service: s}]
services:
 -)y",
       {"f:1:44: listeners[0].service: error: there is no service \"s\"",
        "f:3:3: services[0].name: error: a service needs a name"}},
      {"no end of quotes, nor of the line",
       R"y(a: "b)y",
       {"f:1:6: error: not valid YAML: illegal EOF in scalar"}},
      {"tabs",
       std::string("listeners:\012\011- a\012", 16),
       {"f:2:2: error: not valid YAML: illegal block entry"}},
  });
}

TEST(Yaml, BeyondPlainDataIsRefused) {
  expect_refused({
      {"an anchor, an alias, a merge key",
       with(R"y(log: &x {level: info}
admin: *x
process:
  <<: *x
)y"),
       {"f:1:6: error: an anchor (\"&\") is not accepted; write the value out",
        "f:2:8: error: an alias (\"*\") is not accepted; write the value out",
        "f:4:3: process.<<: error: a merge key (\"<<\") is not accepted; write the keys out",
        "f:4:7: error: an alias (\"*\") is not accepted; write the value out"}},
      {"tags",
       with(R"y(log: !!python/object {level: info}
process: {workers: !!int 3}
admin: !mine {}
)y"),
       {"f:1:6: error: a tag is not accepted: \"tag:yaml.org,2002:python/object\"",
        "f:2:20: error: a tag is not accepted: \"tag:yaml.org,2002:int\"",
        "f:3:8: error: a tag is not accepted: \"!mine\""}},
      {"a verbatim tag on a required list",
       R"y(listeners: !<x> []
services: &s []
)y",
       {"f:1:12: error: a tag is not accepted: \"x\"",
        "f:2:11: error: an anchor (\"&\") is not accepted; write the value out"}},
  });
}

TEST(Problems, AreAllToldAtOnceInTheOrderOfTheFile) {
  expect_refused({
      {"of every kind",
       R"y(services:
  - name: pg
    check: {interval: 1ms, intervall: 2s}
    instances:
      - {address: "10.0.0.1:70000", weight: -1}
listeners:
  - {bind: "0.0.0.0:5432", service: gp, backlog: 0}
process: {workers: two}
)y",
       {"f:3:23: services[0].check.interval: error: 1ms is below 10ms",
        "f:3:28: services[0].check.intervall: error: unknown key \"intervall\"; the nearest known "
        "one is \"interval\"",
        "f:5:19: services[0].instances[0].address: error: port 70000 is above 65535",
        "f:5:45: services[0].instances[0].weight: error: \"-1\" is negative",
        "f:7:37: listeners[0].service: error: there is no service \"gp\"; the nearest is \"pg\"",
        "f:7:50: listeners[0].backlog: error: 0 is below 1",
        "f:8:20: process.workers: error: \"two\" is not a whole decimal number"}},
  });
}

}  // namespace
}  // namespace sluice::config
