#include "proxy/admin/request_head.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/admin/request_target.h"

namespace sluice::admin {
namespace {

constexpr std::size_t kHeadLimit = 8192;

std::string get(const std::string& fields) {
  return "GET /a HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields) {
  return "POST /a HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

// The status that `bytes` are refused with; 0: a complete head; -1: more is needed.
int outcome(HeadReader& reader, const std::string& bytes) {
  switch (reader.read(bytes)) {
    case Progress::more:
      return -1;
    case Progress::complete:
      return 0;
    case Progress::refused:
      return reader.refusal().status;
  }
  return -2;
}

int read_at_once(const std::string& bytes) {
  HeadReader reader(kHeadLimit);
  return outcome(reader, bytes);
}

int read_byte_by_byte(const std::string& bytes) {
  HeadReader reader(kHeadLimit);
  for (std::size_t n = 1; n <= bytes.size(); ++n) {
    const int status = outcome(reader, bytes.substr(0, n));
    if (status != -1) return status;
  }
  return -1;
}

struct Case {
  const char* name;
  std::string bytes;
  int status;
};

std::string many_fields(std::size_t count) {
  std::string fields;
  for (std::size_t i = 0; i < count; ++i) fields += "X: y\r\n";
  return fields;
}

const Case kCases[] = {
    {"plain", get(""), 0},
    {"unknown fields", get("User-Agent: x\r\nAccept: */*\r\nX-Empty:\r\n"), 0},
    {"bytes above 0x7f in a value", get("X: \xff\xc3\r\n"), 0},
    {"length", post("Content-Length: 5\r\n"), 0},
    {"length of 0 on a GET", get("Content-Length: 0\r\n"), 0},
    {"chunked", post("Transfer-Encoding: Chunked\r\n"), 0},
    {"HTTP/1.0 without Host", "GET /healthz HTTP/1.0\r\n\r\n", 0},
    {"as many fields as may be", get(many_fields(kMaxFields - 1)), 0},

    {"bare LF", "GET /a HTTP/1.1\nHost: localhost\n\n", 400},
    {"bare LF after a field", "GET /a HTTP/1.1\r\nHost: localhost\n\r\n", 400},
    {"bare LF at the end", "GET /a HTTP/1.1\r\nHost: localhost\r\n\n", 400},
    {"bare CR in a value", get("X: a\rContent-Length: 3\r\n"), 400},
    {"CR CR LF", get("X: a\r\r\n"), 400},
    {"NUL in a value", get(std::string("X: a\0b\r\n", 8)), 400},
    {"NUL in the target", std::string("GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n", 38), 400},
    {"control byte in a value", get("X: a\x01\r\n"), 400},
    {"DEL in a value", get("X: a\x7f\r\n"), 400},
    {"folded field", get("X: one\r\n two\r\n"), 400},
    {"folded field by tab", get("X: one\r\n\ttwo\r\n"), 400},
    {"folded first field", "GET /a HTTP/1.1\r\n Host: localhost\r\n\r\n", 400},
    {"space before the colon", get("X : y\r\n"), 400},
    {"no name", get(": y\r\n"), 400},
    {"no colon", get("X\r\n"), 400},
    {"leading empty line", "\r\n" + get(""), 400},
    {"HTTP/0.9", "GET /a\r\n", 400},
    {"HTTP/2.0", "GET /a HTTP/2.0\r\n\r\n", 505},
    {"HTTP/1.2", "GET /a HTTP/1.2\r\n\r\n", 505},
    {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501},
    {"lower-case version", "GET /a http/1.1\r\n\r\n", 400},
    {"two spaces before the target", "GET  /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"two spaces before the version", "GET /a  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"tab for a space", "GET\t/a\tHTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"space behind the version", "GET /a HTTP/1.1 \r\nHost: localhost\r\n\r\n", 400},
    {"lower-case method", "get /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
    {"unknown method", "BREW /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
    {"method that is no token", "GE(T /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"absolute form", "GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
    {"no Host", "GET /a HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", get("Host: localhost\r\n"), 400},
    {"two Origins", get("Origin: http://a\r\nOrigin: http://a\r\n"), 400},

    {"length and transfer coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
     400},
    {"transfer coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
     400},
    {"two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n"), 400},
    {"one length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
    {"list of lengths", post("Content-Length: 5, 5\r\n"), 400},
    {"length with a plus", post("Content-Length: +5\r\n"), 400},
    {"length with a minus", post("Content-Length: -5\r\n"), 400},
    {"length in hex", post("Content-Length: 0x5\r\n"), 400},
    {"length with a space within", post("Content-Length: 5 5\r\n"), 400},
    {"empty length", post("Content-Length:\r\n"), 400},
    {"length of 2^64", post("Content-Length: 18446744073709551616\r\n"), 400},
    {"transfer coding gzip", post("Transfer-Encoding: gzip\r\n"), 501},
    {"two transfer codings", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
    {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked with a vertical tab",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n"),
     400},
    {"chunked in HTTP/1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET with a body", get("Content-Length: 5\r\n"), 400},
    {"HEAD with a body", "HEAD /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n", 400},
    {"unknown expectation", post("Expect: 200-ok\r\n"), 417},

    {"one field too many", get(many_fields(kMaxFields)), 431},
    {"a thousand fields", get(many_fields(1000)), 431},
    {"a field of 64 KiB", get("X: " + std::string(65536, 'x') + "\r\n"), 431},
    {"a field of 64 KiB, not ended", get("").substr(0, 30) + std::string(65536, 'x'), 431},
    {"a target of 64 KiB", "GET /" + std::string(65536, 'x') + " HTTP/1.1\r\n", 414},
    {"a target of 64 KiB, not ended", "GET /" + std::string(65536, 'x'), 414},
    {"a target just too long", "GET /" + std::string(kMaxTarget, 'x') + " HTTP/1.1\r\n", 414},

    {"nothing", "", -1},
    {"half a request line", "GET /a HT", -1},
    {"all but the last byte", get("").substr(0, get("").size() - 1), -1},
};

TEST(RequestHead, IsReadInOneWayOrNotAtAll) {
  for (const Case& c : kCases) EXPECT_EQ(read_at_once(c.bytes), c.status) << c.name;
}

TEST(RequestHead, DoesNotDependOnHowItIsCut) {
  for (const Case& c : kCases) EXPECT_EQ(read_byte_by_byte(c.bytes), c.status) << c.name;
}

TEST(RequestHead, TellsWhatItSaid) {
  const std::string bytes =
      "POST /v1/reload?dry_run=1 HTTP/1.1\r\nhOST:localhost:9901\t\r\nOrigin:  http://localhost "
      "\r\n"
      "Content-Type: application/json\r\nSec-Fetch-Site: none\r\nContent-Length: 2\r\n"
      "Expect: 100-Continue\r\n\r\n";
  HeadReader reader(kHeadLimit);
  ASSERT_EQ(reader.read(bytes + "{}GET /"), Progress::complete);
  EXPECT_EQ(reader.size(), bytes.size());
  const RequestHead& head = reader.head();
  EXPECT_EQ(head.request.method, "POST");
  EXPECT_EQ(head.request.path, "/v1/reload");
  EXPECT_EQ(head.request.parameter("dry_run"), "1");
  EXPECT_EQ(head.host, "localhost:9901");
  EXPECT_EQ(head.origin, "http://localhost");
  EXPECT_EQ(head.fetch_site, "none");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.content_length, 2u);
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, KnowsWhetherTheConnectionGoesOn) {
  const struct {
    std::string bytes;
    bool keep_alive;
  } cases[] = {
      {get(""), true},
      {get("Connection: keep-alive\r\n"), true},
      {get("Connection: close\r\n"), false},
      {get("Connection: Upgrade , CLOSE\r\n"), false},
      {get("Connection: te\r\nConnection: close\r\n"), false},
      {get("Connection: closed\r\n"), true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
  };
  for (const auto& c : cases) {
    HeadReader reader(kHeadLimit);
    ASSERT_EQ(reader.read(c.bytes), Progress::complete) << c.bytes;
    EXPECT_EQ(reader.head().keep_alive, c.keep_alive) << c.bytes;
  }
}

TEST(RequestHead, MayFillTheLimitButNotPassIt) {
  const std::string bytes = get("");
  HeadReader exact(bytes.size());
  EXPECT_EQ(outcome(exact, bytes), 0);
  HeadReader one_less(bytes.size() - 1);
  EXPECT_EQ(outcome(one_less, bytes), 431);
  HeadReader followed(bytes.size());
  EXPECT_EQ(outcome(followed, bytes + std::string(100000, 'x')), 0) << "a body counts for itself";
}

}  // namespace
}  // namespace sluice::admin
