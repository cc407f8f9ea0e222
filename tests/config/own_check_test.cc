#include "config/own_check.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "config/render.h"

namespace sluice::config {
namespace {

std::optional<OwnCheck> own_check(std::string_view said) {
  std::string why;
  auto own = OwnCheck::parse(said, why);
  EXPECT_TRUE(own) << said << ": " << why;
  return own;
}

// What is checked by where an instance says this.
Check checked_by(std::string_view said, const Check& service, bool has_lease = true) {
  const auto own = own_check(said);
  return own ? own->over(service, has_lease) : Check();
}

// As GET /v1/config has it.
nlohmann::json check_json(const Check& check) {
  Config config;
  config.services.emplace_back().check = check;
  return nlohmann::json::parse(to_json(config))["services"][0]["check"];
}

TEST(OwnCheck, KeepsWhatIsSaidAsTheSchemaWritesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", ""},
      {R"({"http": {}})", ""},
      {R"({"type": "http"})", R"({"type":"http"})"},
      {R"({"timeout": "1500ms", "interval": "60s"})", R"({"interval":"1m","timeout":"1500ms"})"},
      {R"({"fast_interval": "0.5s"})", R"({"fast_interval":"500ms"})"},
      {R"({"jitter": 0, "rise": 1, "fall": 100, "port": 65535, "initial": "up"})",
       R"({"rise":1,"fall":100,"jitter":0.0,"initial":"up","port":65535})"},
      {R"({"http": {"body": "\"ok\"\n", "status": ["204", "300-300"], "path": "/r"}})",
       R"({"http":{"path":"/r","status":["204","300"],"body":"\"ok\"\n"}})"},
      {R"({"type": "mysql"})", R"({"type":"mysql"})"},
      {R"({"expect": "\u0007", "send": "\r\n"})", R"({"send":"\r\n","expect":"\u0007"})"},
      {R"({"http": {"method": "HEAD", "host": "web.example"}})",
       R"({"http":{"method":"HEAD","host":"web.example"}})"},
  };
  for (const auto& [said, kept] : cases) {
    const auto own = own_check(said);
    ASSERT_TRUE(own);
    EXPECT_EQ(own->json(), kept) << said;
    if (own->json().empty()) continue;
    EXPECT_EQ(own_check(kept), own) << "what is kept is read as the same";
  }
}

// As many keys as the schema has, each by itself over a service that says something else.
TEST(OwnCheck, LaysEachKeyOverTheServices) {
  Check service;
  service.type = CheckType::tcp;
  service.http.body = "well";
  const nlohmann::json before = check_json(service);
  const std::pair<const char*, nlohmann::json> cases[] = {
      {"/type", "http"},
      {"/interval", "3s"},
      {"/fast_interval", "1s"},
      {"/timeout", "7s"},
      {"/rise", 4},
      {"/fall", 5},
      {"/jitter", 0.25},
      {"/initial", "up"},
      {"/port", 81},
      {"/http/method", "OPTIONS"},
      {"/http/path", "/ready"},
      {"/http/host", "web.example"},
      {"/http/status", nlohmann::json::array({"204", "300-399"})},
      {"/http/body", "fine"},
      {"/send", "PING\r\n"},
      {"/expect", "+PONG"},
  };
  EXPECT_EQ(std::size(cases), before.flatten().size());
  for (const auto& [key, value] : cases) {
    const nlohmann::json::json_pointer at(key);
    nlohmann::json said, expected = before;
    said[at] = value;
    expected[at] = value;
    EXPECT_EQ(check_json(checked_by(said.dump(), service)), expected) << key;
  }
}

TEST(OwnCheck, NamesTheKeyThatIsWrong) {
  const std::string body(1025, 'x'), path(2048, 'x'), host(256, 'x');
  std::string statuses = "\"200\"";
  for (int i = 0; i < 32; ++i) statuses += ",\"200\"";
  const std::pair<std::string, std::string> cases[] = {
      {"", "check: is no valid JSON"},
      {"{", "check: is no valid JSON"},
      {std::string(5000, '['), "check: is nested too deeply"},
      {"[]", "check: must be an object"},
      {"\"tcp\"", "check: must be an object"},
      {"null", "check: must be an object"},
      {R"({"type": "tpc"})",
       "check.type: \"tpc\" is not one of none, tcp, http, send_expect, redis,"},
      {R"({"type": "tls"})", "check.type: \"tls\" is not available in this version"},
      {R"({"type": 1})", "check.type: "},
      {R"({"type": null})", "check.type: has no value"},
      {R"({"typ": "tcp"})", "check.typ: unknown key \"typ\"; the nearest known one is \"type\""},
      {R"({"a\nb": 1})", "check.a\\nb: unknown key"},
      {R"({"interval": 500})", "check.interval: \"500\" has no unit"},
      {R"({"interval": 0})", "check.interval: must be a text"},
      {R"({"interval": "0s"})", "check.interval: 0s is below 10ms"},
      {R"({"interval": ["2s"]})", "check.interval: expected a duration, found a list"},
      {R"({"fast_interval": "-1s"})", "check.fast_interval: \"-1s\" is negative"},
      {R"({"timeout": "61s"})", "check.timeout: 61s is above 1m"},
      {R"({"timeout": "0s"})", "check.timeout: 0s is below 1ms"},
      {R"({"rise": 0})", "check.rise: 0 is below 1"},
      {R"({"rise": 101})", "check.rise: 101 is above 100"},
      {R"({"rise": "2"})", "check.rise: must be a whole number"},
      {R"({"rise": 2.0})", "check.rise: \"2.0\" is not a whole decimal number"},
      {R"({"rise": true})", "check.rise: "},
      {R"({"fall": -1})", "check.fall: \"-1\" is negative"},
      {R"({"fall": 101})", "check.fall: 101 is above 100"},
      {R"({"fall": 4294967297})", "check.fall: \"4294967297\" is above 4294967295"},
      {R"({"jitter": 1.5})", "check.jitter: 1.5 is above 1"},
      {R"({"jitter": "0.5"})", "check.jitter: must be a number"},
      {R"({"initial": "down"})", "check.initial: \"down\" is not one of checking, up"},
      {R"({"port": 65536})", "check.port: \"65536\" is above 65535"},
      {R"({"port": -1})", "check.port: \"-1\" is negative"},
      {R"({"http": "x"})", "check.http: expected a map of keys, found a text"},
      {R"({"http": null})", "check.http: must be an object"},
      {R"({"http": {"pat": "/"}})", "check.http.pat: unknown key \"pat\""},
      {R"({"http": {"method": "POST"}})", "check.http.method: \"POST\" is not one of GET, HEAD"},
      {R"({"http": {"path": "health"}})", "check.http.path: \"health\" is not a path"},
      {R"({"http": {"path": "/\r\nX: y"}})", "check.http.path: "},
      {R"({"http": {"path": "/)" + path + "\"}}", "check.http.path: longer than 2048 bytes"},
      {R"({"http": {"host": "a b"}})", "check.http.host: "},
      {R"({"http": {"host": ")" + host + "\"}}", "check.http.host: "},
      {R"({"http": {"status": "200"}})", "check.http.status: expected a list, found a text"},
      {R"({"http": {"status": [200]}})", "check.http.status[0]: must be a text"},
      {R"({"http": {"status": ["600"]}})", "check.http.status[0]: \"600\" is not within"},
      {R"({"http": {"status": []}})", "check.http.status: no status would pass"},
      {R"({"http": {"status": [)" + statuses + "]}}", "check.http.status: more than 32 ranges"},
      {R"({"http": {"body": 5}})", "check.http.body: must be a text"},
      {R"({"http": {"body": "a\u0000b"}})", "check.http.body: holds a NUL byte"},
      {R"({"http": {"body": ")" + body + "\"}}", "check.http.body: longer than 1 KiB"},
      {R"({"http": {"body": "x", "method": "HEAD"}})",
       "check.http.body: an answer to HEAD has no body"},
      {R"({"http": {"body": ")" + std::string(40'000, 'x') + "\"}}", "check: longer than 32 KiB"},
      {R"({"send": ")" + body + "\"}", "check.send: longer than 1 KiB"},
      {R"({"expect": ")" + body + "\"}", "check.expect: longer than 1 KiB"},
      {R"({"expect": "a\u0000b"})", "check.expect: holds a NUL byte"},
      {R"({"send": 5})", "check.send: must be a text"},
      {R"({"type": "redis", "send": "x"})", "check.send: only a check of type send_expect"},
  };
  for (const auto& [said, expected] : cases) {
    std::string why;
    EXPECT_FALSE(OwnCheck::parse(said, why)) << said;
    EXPECT_TRUE(why.starts_with(expected)) << said << ": " << why;
  }
}

struct Situation {
  const char* what;
  const char* said;
  CheckType service;
  Duration interval;  // and fast_interval
  bool has_lease;
  const char* why;
};

TEST(OwnCheck, IsHeldToWhatItsServiceSays) {
  using enum CheckType;
  const Situation table[] = {
      {"nothing said", "{}", tcp, 2s, false, ""},
      {"as often as anybody may", R"({"interval": "500ms"})", tcp, 2s, false, ""},
      {"more often", R"({"interval": "499ms"})", tcp, 2s, false,
       "check.interval: 499ms is below 500ms"},
      {"more often, while it changes", R"({"fast_interval": "100ms"})", tcp, 2s, false,
       "check.fast_interval: 100ms is below 500ms"},
      {"as often as a busy service", R"({"interval": "100ms"})", tcp, 100ms, false, ""},
      {"more often than a busy service", R"({"interval": "99ms"})", tcp, 100ms, false,
       "check.interval: 99ms is below 100ms"},
      {"seldom", R"({"interval": "1m"})", tcp, 2s, false, ""},
      {"too seldom", R"({"interval": "61s"})", tcp, 2s, false, "check.interval: 61s is above 1m"},
      {"as seldom as the service", R"({"interval": "1h"})", tcp, 1h, false, ""},
      {"off without a lease", R"({"type": "none"})", tcp, 2s, false,
       "check.type: none takes a lease: a ttl above 0"},
      {"off with a lease", R"({"type": "none"})", tcp, 2s, true, ""},
      {"off as the service", R"({"type": "none"})", none, 2s, false, ""},
      {"on where the service has none", R"({"type": "http"})", none, 2s, false, ""},
      {"no body to look into", R"({"http": {"method": "HEAD"}})", http, 2s, false,
       "check.http.body: an answer to HEAD has no body to look into"},
      {"words", R"({"send": "?", "expect": "!"})", send_expect, 2s, false, ""},
      {"words of its own", R"({"type": "send_expect", "send": "?"})", tcp, 2s, false, ""},
      {"words for no one", R"({"expect": "!"})", redis, 2s, false,
       "check.expect: only a check of type send_expect looks at it"},
      {"nor wanted", R"({"http": {"method": "HEAD", "body": ""}})", http, 2s, false, ""},
  };
  for (const Situation& row : table) {
    Check service;
    service.type = row.service;
    service.interval = service.fast_interval = row.interval;
    if (row.service == http) service.http.body = "well";
    const auto own = own_check(row.said);
    ASSERT_TRUE(own);
    const std::string why = own->why_not_over(service, row.has_lease);
    EXPECT_TRUE(why.starts_with(row.why) && why.empty() == (*row.why == '\0'))
        << row.what << ": " << why;
  }
}

TEST(OwnCheck, IsDrawnWithinTheBoundsOfAServiceThatChanged) {
  Check service;
  service.interval = 2s;
  EXPECT_EQ(checked_by(R"({"interval": "100ms"})", service).interval, 500ms);
  EXPECT_EQ(checked_by(R"({"interval": "2h"})", service).interval, 1min);
  EXPECT_EQ(checked_by(R"({"fast_interval": "100ms"})", service).fast_interval, 500ms);
  EXPECT_EQ(checked_by(R"({"type": "none"})", service, true).type, CheckType::none);
  EXPECT_EQ(checked_by(R"({"type": "none"})", service, false).type, CheckType::tcp);
  service.http.body = "well";
  EXPECT_EQ(checked_by(R"({"http": {"method": "HEAD"}})", service).http.body, "");
  EXPECT_EQ(checked_by(R"({"http": {"path": "/x"}})", service).http.body, "well");
}

}  // namespace
}  // namespace sluice::config
