#include "proxy/admin/request_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::admin {
namespace {

const RequestRules kRules({"Sluice.Internal", "proxy.example:9901", "[2001:db8::1]"}, false);

config::Endpoint address(std::string_view text) {
  std::string why;
  return config::Endpoint::parse(text, why).value();
}

const config::Endpoint kLoopback = address("127.0.0.1:9901");

RequestHead request(const std::string& method = "GET") {
  RequestHead head;
  head.request.method = method;
  head.host = "localhost";
  return head;
}

int status_of(const RequestHead& head, const RequestRules& rules = kRules,
              const config::Endpoint& local = kLoopback) {
  const Objection objection = rules.check(head, local);
  return objection ? objection->status : 0;
}

TEST(RequestRules, TakeTheNamesOfLoopbackAndThoseListed) {
  for (const char* host :
       {"localhost", "LocalHost", "localhost:9901", "localhost:1", "127.0.0.1", "127.0.0.1:9901",
        "127.255.3.4:80", "[::1]", "[::1]:9901", "sluice.internal", "SLUICE.internal:4711",
        "proxy.example:9901", "[2001:DB8::1]:80"}) {
    EXPECT_TRUE(kRules.is_ours(host, kLoopback)) << host;
  }
}

TEST(RequestRules, TakeNoOtherHost) {
  for (const char* host : {"",
                           "evil.example",
                           "localhost.evil.example",
                           "evil-localhost",
                           "localhost.",
                           "10.0.0.1",
                           "126.0.0.1",
                           "128.0.0.1",
                           "127.1",
                           "127.0.0.1.nip.io",
                           "0127.0.0.1",
                           "0.0.0.0",
                           "[::]",
                           "[::2]",
                           "::1",
                           "[::1",
                           "[::1]x",
                           "[]",
                           "localhost:",
                           "localhost:x",
                           "localhost:99999",
                           "localhost:80:80",
                           "localhost:-1",
                           "user@localhost",
                           "localhost/evil",
                           "localhost evil",
                           "proxy.example",
                           "proxy.example:9902",
                           "[2001:db8::2]"}) {
    EXPECT_FALSE(kRules.is_ours(host, kLoopback)) << host;
    RequestHead head = request();
    head.host = host;
    EXPECT_EQ(status_of(head), 403) << host;
  }
}

// On 0.0.0.0 as on one address: what the client has connected to is ours, and no other address.
TEST(RequestRules, TakeTheAddressThatTheClientHasConnectedTo) {
  const struct {
    const char* local;
    const char* host;
    bool is_ours;
  } cases[] = {
      {"10.0.0.5:9901", "10.0.0.5:9901", true},
      {"10.0.0.5:9901", "10.0.0.5", true},
      {"10.0.0.5:9901", "10.0.0.5:80", true},
      {"10.0.0.5:9901", "localhost", true},
      {"10.0.0.5:9901", "sluice.internal", true},
      {"10.0.0.5:9901", "10.0.0.6:9901", false},
      {"10.0.0.5:9901", "10.0.5", false},
      {"10.0.0.5:9901", "10.0.0.5.nip.io", false},
      {"10.0.0.5:9901", "0.0.0.0", false},
      {"10.0.0.5:9901", "evil.example", false},
      {"10.0.0.5:9901", "", false},
      {"[2001:db8::7]:9901", "[2001:db8::7]:9901", true},
      {"[2001:db8::7]:9901", "[2001:DB8:0::7]", true},
      {"[2001:db8::7]:9901", "[2001:db8::8]", false},
      {"[2001:db8::7]:9901", "2001:db8::7", false},
      {"[2001:db8::7]:9901", "[]", false},
      {"127.0.0.1:9901", "10.0.0.5:9901", false},
      {"unix:/run/sluice.sock", "10.0.0.5", false},
  };
  for (const auto& c : cases) {
    const config::Endpoint local = address(c.local);
    EXPECT_EQ(kRules.is_ours(c.host, local), c.is_ours) << c.host << " at " << c.local;
    RequestHead head = request();
    head.origin = std::string("http://") + c.host;
    EXPECT_EQ(status_of(head, kRules, local), c.is_ours ? 0 : 403) << c.host << " at " << c.local;
  }
}

TEST(RequestRules, TakeAnyHostOnAUnixSocket) {
  const RequestRules rules({}, true);
  RequestHead head = request();
  head.host = "evil.example";
  EXPECT_EQ(status_of(head, rules), 0);
  head.fetch_site = "cross-site";
  EXPECT_EQ(status_of(head, rules), 403);
}

TEST(RequestRules, ServeARequestWithoutHost) {
  RequestHead head = request();
  head.host.reset();
  EXPECT_EQ(status_of(head), 0);
}

TEST(RequestRules, TellOwnPagesFromForeignOnes) {
  const struct {
    const char* origin;
    int status;
  } cases[] = {
      {"http://localhost:9901", 0},
      {"https://127.0.0.1", 0},
      {"http://[::1]:9901", 0},
      {"http://sluice.internal", 0},
      {"http://evil.example", 403},
      {"http://localhost.evil.example", 403},
      {"http://proxy.example:9902", 403},
      {"null", 403},
      {"", 403},
      {"localhost", 403},
      {"file://", 403},
      {"http://", 403},
      {"http://localhost@evil.com", 403},
      {"HTTP://localhost", 403},
      {"http://evil.example/localhost", 403},
  };
  for (const auto& c : cases) {
    RequestHead head = request();
    head.origin = c.origin;
    EXPECT_EQ(status_of(head), c.status) << c.origin;
  }
}

TEST(RequestRules, BelieveABrowserThatNamesAnotherSite) {
  const struct {
    const char* site;
    int status;
  } cases[] = {{"same-origin", 0},  {"none", 0},        {"same-site", 403},
               {"cross-site", 403}, {"something", 403}, {"", 403}};
  for (const auto& c : cases) {
    RequestHead head = request();
    head.fetch_site = c.site;
    EXPECT_EQ(status_of(head), c.status) << c.site;
  }
}

TEST(RequestRules, TakeChangesAsJsonOnly) {
  const struct {
    const char* method;
    std::optional<std::string> content_type;
    std::uint64_t length;
    int status;
  } cases[] = {
      {"POST", "application/json", 2, 0},
      {"POST", "Application/JSON ; charset=utf-8", 2, 0},
      {"POST", "application/json", 0, 0},
      {"POST", std::nullopt, 0, 0},
      {"DELETE", std::nullopt, 0, 0},
      {"POST", std::nullopt, 2, 415},
      {"POST", "", 2, 415},
      {"POST", "text/plain", 2, 415},
      {"POST", "text/plain", 0, 415},
      {"POST", "text/plain; application/json", 2, 415},
      {"POST", "application/jsonp", 2, 415},
      {"PUT", "application/x-www-form-urlencoded", 2, 415},
      {"PATCH", "text/plain", 2, 415},
      {"DELETE", "multipart/form-data", 2, 415},
      {"GET", "text/plain", 0, 0},
  };
  for (const auto& c : cases) {
    RequestHead head = request(c.method);
    head.content_type = c.content_type;
    head.content_length = c.length;
    EXPECT_EQ(status_of(head), c.status) << c.method << " " << c.content_type.value_or("-");
  }
  RequestHead chunked = request("POST");
  chunked.chunked = true;
  EXPECT_EQ(status_of(chunked), 415);
}

}  // namespace
}  // namespace sluice::admin
