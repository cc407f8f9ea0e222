#include "registry/requests.h"

#include <gtest/gtest.h>

namespace sluice::registry {
namespace {

std::optional<Registration> read_named(std::string_view body, std::string& why) {
  return read_registration(body, "web", "a", access::Bounds(), why);
}

TEST(Requests, RegisterWithAllThatThereIsToSay) {
  std::string why;
  const auto said = read_named(
      R"({"address": "10.0.0.7", "port": 8080, "weight": 3, "priority": 2, "zone": "z1",
          "labels": {"role": "primary"}, "meta": {"owner": "x"}, "version": "1.2",
          "protocol": "http", "ttl": "45s", "status": "starting",
          "check": {"http": {"path": "/ready"}, "type": "http"}})",
      why);
  ASSERT_TRUE(said) << why;
  EXPECT_EQ(said->service, "web");
  EXPECT_EQ(said->id, "a");
  EXPECT_EQ(said->address.text(), "10.0.0.7:8080");
  EXPECT_EQ(said->weight, 3u);
  EXPECT_EQ(said->priority, 2u);
  EXPECT_EQ(said->zone, "z1");
  EXPECT_EQ(said->labels, (config::Labels{{"role", "primary"}}));
  EXPECT_EQ(said->meta, (config::Labels{{"owner", "x"}}));
  EXPECT_EQ(said->version, "1.2");
  EXPECT_EQ(said->protocol, "http");
  EXPECT_EQ(said->ttl_ms, 45'000u);
  EXPECT_EQ(said->status, State::warming);
  EXPECT_EQ(said->check->json(), R"({"type":"http","http":{"path":"/ready"}})");
}

TEST(Requests, RegisterWithAnAddressInEachForm) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"address": "10.0.0.7:80"})", "10.0.0.7:80"},
      {R"({"address": "10.0.0.7", "port": 80})", "10.0.0.7:80"},
      {R"({"address": "10.0.0.7:80", "port": 80})", "10.0.0.7:80"},
      {R"({"address": "2001:db8::1", "port": 80})", "[2001:db8::1]:80"},
      {R"({"address": "[2001:DB8:0::1]:80"})", "[2001:db8::1]:80"},
  };
  for (const auto& [body, address] : cases) {
    std::string why;
    const auto said = read_named(body, why);
    ASSERT_TRUE(said) << body << ": " << why;
    EXPECT_EQ(said->address.text(), address) << body;
    EXPECT_EQ(said->ttl_ms, std::nullopt) << "the default";
  }
}

TEST(Requests, NameTheFieldThatIsWrong) {
  const std::string x300(300, 'x');
  const std::pair<std::string, std::string> cases[] = {
      {"", "the body is no valid JSON"},
      {"[]", "the body must be an object"},
      {"{}", "address: is missing"},
      {R"({"address": "10.0.0.7"})", "port: is missing"},
      {R"({"address": "10.0.0.7", "port": 0})", "port: must be from 1 to 65535"},
      {R"({"address": "web.example:80"})", "address: "},
      {R"({"address": "127.1:80"})", "address: "},
      {R"({"address": "0x7f.0.0.1", "port": 80})", "address: "},
      {R"({"address": "10.0.0.7:80", "port": 81})", "port: is another one than in the address"},
      {R"({"address": "10.0.0.7", "port": 65536})", "port: above 65535"},
      {R"({"address": "10.0.0.7", "port": -1})", "port: must be a whole number, not negative"},
      {R"({"address": "10.0.0.7", "port": "80"})", "port: must be a whole number, not negative"},
      {R"({"address": 7})", "address: must be a text"},
      {R"({"address": "10.0.0.7:80", "weight": 65536})", "weight: above 65535"},
      {R"({"address": "10.0.0.7:80", "weight": 1.5})", "weight: must be a whole number"},
      {R"({"address": "10.0.0.7:80", "wieght": 1})",
       "unknown field: \"wieght\"; did you mean weight?"},
      {R"({"address": "10.0.0.7:80", "address": "10.0.0.8:80"})", "the body is refused: a key"},
      {R"({"address": "10.0.0.7:80", "labels": ["a"]})", "labels: must be an object of texts"},
      {R"({"address": "10.0.0.7:80", "labels": {"a": 1}})", "labels: must be an object of texts"},
      {R"({"address": "10.0.0.7:80", "labels": {"a b": "1"}})", "labels"},
      {R"({"address": "10.0.0.7:80", "meta": {"a": "x\ny"}})", "meta"},
      {R"({"address": "10.0.0.7:80", "zone": ")" + x300 + "\"}", "zone: longer than 253 bytes"},
      {R"({"address": "10.0.0.7:80", "ttl": 30})", "ttl: must be a duration with its unit"},
      {R"({"address": "10.0.0.7:80", "ttl": "30"})", "ttl: "},
      {R"({"address": "10.0.0.7:80", "status": "fine"})", "status: is none of up, warming"},
      {R"({"address": "10.0.0.7:80", "check": "tcp"})", "check: must be an object"},
      {R"({"address": "10.0.0.7:80", "check": {"rise": "2"}})",
       "check.rise: must be a whole number"},
      {R"({"address": "10.0.0.7:80", "check": {"rise": 2, "rise": 2}})", "the body is refused"},
      {R"({"address": "10.0.0.7:80", "id": "b"})", "unknown field: \"id\""},
      {R"({"address": "10.0.0.7:80", "service": "b"})", "unknown field: \"service\""},
      {R"({"address": "10.0.0.7:80", "weight": 1e999})", "the body is no valid JSON"},
      {R"({"address": "10.0.0.7:80", "weight": NaN})", "the body is no valid JSON"},
  };
  for (const auto& [body, expected] : cases) {
    std::string why;
    EXPECT_FALSE(read_named(body, why)) << body;
    EXPECT_TRUE(why.starts_with(expected)) << body << ": " << why;
  }
}

TEST(Requests, RegisterUnderTheNamesOfTheBody) {
  std::string why;
  const auto said = read_registration(R"({"service": "web", "id": "a", "address": "10.0.0.7:80"})",
                                      access::Bounds(), why);
  ASSERT_TRUE(said) << why;
  EXPECT_EQ(said->service, "web");
  EXPECT_EQ(said->id, "a");
  const auto nameless =
      read_registration(R"({"service": "web", "address": "10.0.0.7:80"})", access::Bounds(), why);
  ASSERT_TRUE(nameless) << why;
  EXPECT_EQ(nameless->id, "");
  EXPECT_FALSE(read_registration(R"({"address": "10.0.0.7:80"})", access::Bounds(), why));
  EXPECT_EQ(why, "service: is missing");
  EXPECT_FALSE(
      read_registration(R"({"service": "a/b", "address": "10.0.0.7:80"})", access::Bounds(), why));
  EXPECT_TRUE(why.starts_with("service: ")) << why;
  EXPECT_FALSE(read_registration("{}", "web", "a/b", access::Bounds(), why));
  EXPECT_TRUE(why.starts_with("id: ")) << why;
}

TEST(Requests, ReportWhatTheInstanceWants) {
  std::string why;
  const auto nothing = read_beat("", access::Bounds(), why);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->incarnation || nothing->weight || nothing->load || nothing->status);
  const auto all =
      read_beat(R"({"incarnation": 7, "weight": 0, "load": 0.25, "status": "critical"})",
                access::Bounds(), why);
  ASSERT_TRUE(all) << why;
  EXPECT_EQ(all->incarnation, 7u);
  EXPECT_EQ(all->weight, 0u);
  EXPECT_EQ(all->load, 0.25);
  EXPECT_EQ(all->status, State::down);
  for (const auto& [body, expected] : std::vector<std::pair<std::string, std::string>>{
           {R"({"address": "10.0.0.9:80"})", "unknown field: \"address\""},
           {R"({"check": {"rise": 2}})", "unknown field: \"check\""},
           {R"({"load": "high"})", "load: must be a number"},
           {R"({"load": -1})", "load: must not be negative"},
           {R"({"weight": 70000})", "weight: above 65535"},
           {R"({"incarnation": -7})", "incarnation: must be a whole number"}}) {
    EXPECT_FALSE(read_beat(body, access::Bounds(), why)) << body;
    EXPECT_TRUE(why.starts_with(expected)) << body << ": " << why;
  }
}

TEST(Requests, SayTheOperatorsWord) {
  std::string why;
  const auto wish =
      read_admin(R"({"admin": "maint", "reason": "disk swap"})", access::Bounds(), why);
  ASSERT_TRUE(wish) << why;
  EXPECT_EQ(wish->admin, Admin::maint);
  EXPECT_EQ(wish->reason, "disk swap");
  EXPECT_TRUE(read_admin(R"({"admin": "ready"})", access::Bounds(), why));
  for (const char* body : {"", "{}", R"({"admin": "off"})", R"({"admin": 1})", R"({"reason": "x"})",
                           R"({"admin": "drain", "reason": "a\nb"})"}) {
    EXPECT_FALSE(read_admin(body, access::Bounds(), why)) << body;
  }
}

}  // namespace
}  // namespace sluice::registry
