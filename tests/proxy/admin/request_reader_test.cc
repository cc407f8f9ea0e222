#include "proxy/admin/request_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "proxy/admin/request_target.h"
#include "tests/proxy/admin/pieces.h"
#include "tests/support/wait.h"

namespace sluice::admin {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kHeadLimit = 8192;
constexpr std::uint64_t kBodyLimit = 1 << 20;

std::string get(const std::string& fields) {
  return "GET /a HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields) {
  return "POST /a HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

// The status that the head is refused with; 0: it is complete; -1: more is needed.
int outcome(std::string_view bytes, std::size_t limit = kHeadLimit) {
  RequestReader reader(limit, kBodyLimit);
  switch (reader.read_head(bytes)) {
    case Progress::more:
      return -1;
    case Progress::complete:
      return 0;
    case Progress::refused:
      return reader.refusal().status;
  }
  return -2;
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
    {"tab before the colon", get("X\t: y\r\n"), 400},
    {"byte above 0x7f in a name", get("X\xff: y\r\n"), 400},
    {"CR before a name", get("\rX: y\r\n"), 400},
    {"a line of spaces", get("  \r\n"), 400},
    {"Connection that is no list", get("Connection: close now\r\n"), 400},
    {"no name", get(": y\r\n"), 400},
    {"no colon", get("X\r\n"), 400},
    {"leading empty line", "\r\n" + get(""), 400},
    {"HTTP/0.9", "GET /a\r\n", 400},
    {"half a version", "GET /a H\r\n\r\n", 400},
    {"HTTP/1.10", "GET /a HTTP/1.10\r\n\r\n", 400},
    {"HTTP/1.1 twice", "GET /a HTTP/1.1 HTTP/1.1\r\n\r\n", 400},
    {"HTTP/0.1", "GET /a HTTP/0.1\r\n\r\n", 505},
    {"HTTP/2.0", "GET /a HTTP/2.0\r\n\r\n", 505},
    {"HTTP/1.2", "GET /a HTTP/1.2\r\n\r\n", 505},
    {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501},
    {"method that is no token, and HTTP/1.2", "GE(T /a HTTP/1.2\r\n\r\n", 400},
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
    {"two Last-Event-IDs", get("Last-Event-ID: a-1\r\nlast-event-id: a-1\r\n"), 400},

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
    {"length and unknown coding", post("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), 400},
    {"unknown coding and length", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400},
    {"list of lengths without a space", post("Content-Length: 5,5\r\n"), 400},
    {"length and an empty element", post("Content-Length: 5,\r\n"), 400},
    {"length with a parameter", post("Content-Length: 5;a=b\r\n"), 400},
    {"folded length", post("Content-Length:\r\n 5\r\n"), 400},
    {"folded coding", post("Transfer-Encoding:\r\n\tchunked\r\n"), 400},
    {"chunked first", post("Transfer-Encoding: chunked, gzip\r\n"), 501},
    {"chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n"), 501},
    {"chunked and an empty element", post("Transfer-Encoding: chunked,\r\n"), 501},
    {"unknown expectation", post("Expect: 200-ok\r\n"), 417},

    {"one field too many", get(many_fields(kMaxFields)), 431},
    {"a thousand fields", get(many_fields(1000)), 431},
    {"a field of 64 KiB", get("X: " + std::string(65536, 'x') + "\r\n"), 431},
    {"a field of 64 KiB, not ended", get("").substr(0, 30) + std::string(65536, 'x'), 431},
    {"a target of 64 KiB", "GET /" + std::string(65536, 'x') + " HTTP/1.1\r\n", 414},
    {"a target of 64 KiB, not ended", "GET /" + std::string(65536, 'x'), 414},
    {"fields of 64 KiB in all", get("X: y\r\nY: " + std::string(65536, 'y') + "\r\n"), 431},
    {"a length beyond the limit of bodies", post("Content-Length: 1048577\r\n"), 413},
    {"a target just too long", "GET /" + std::string(kMaxTarget, 'x') + " HTTP/1.1\r\n", 414},

    {"nothing", "", -1},
    {"half a request line", "GET /a HT", -1},
    {"all but the last byte", get("").substr(0, get("").size() - 1), -1},
};

TEST(RequestReader, KeepsTheLastEventThatAClientHasSeen) {
  RequestReader reader(kHeadLimit, kBodyLimit);
  const std::string bytes = get("last-event-ID: e1-17\r\n");
  std::string_view rest = bytes;
  ASSERT_EQ(reader.read_head(rest), Progress::complete);
  EXPECT_EQ(reader.head().request.last_event_id, "e1-17");
}

TEST(RequestReader, ReadsAHeadInOneWayOrNotAtAll) {
  for (const Case& c : kCases) EXPECT_EQ(outcome(c.bytes), c.status) << c.name;
}

TEST(RequestReader, DoesNotDependOnHowAHeadIsCut) {
  for (const Case& c : kCases) expect_the_same_in_pieces(c.bytes, c.name);
}

TEST(RequestReader, TellsWhatAHeadSaid) {
  const std::string bytes =
      "POST /v1/reload?dry_run=1 HTTP/1.1\r\nhOST:localhost:9901\t\r\nOrigin:  http://localhost "
      "\r\n"
      "Content-Type: application/json\r\nSec-Fetch-Site: none\r\nContent-Length: 2\r\n"
      "Expect: 100-Continue\r\n\r\n";
  const std::string followed = bytes + "{}GET /";
  RequestReader reader(kHeadLimit, kBodyLimit);
  std::string_view input = followed;
  ASSERT_EQ(reader.read_head(input), Progress::complete);
  EXPECT_EQ(input, "{}GET /");
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

TEST(RequestReader, TakesTheSecretOfABearer) {
  const struct {
    const char* value;
    int status;
    std::optional<std::string> secret;
  } cases[] = {
      {"Bearer slu_0a1b", 0, "slu_0a1b"},
      {"bearer a", 0, "a"},
      {"BEARER   AZaz09-._~+/==", 0, "AZaz09-._~+/=="},
      {"Basic dXNlcjpwYXNz", 0, std::nullopt},
      {"Digest username=\"a\", realm=\"b\"", 0, std::nullopt},
      {"slu_0a1b", 0, std::nullopt},
      {"Bearer", 400, std::nullopt},
      {"Bearer ", 400, std::nullopt},
      {"Bearer =", 400, std::nullopt},
      {"Bearer a b", 400, std::nullopt},
      {"Bearer a, Bearer b", 400, std::nullopt},
      {"Bearer a=b", 400, std::nullopt},
      {"Bearer a\tb", 400, std::nullopt},
      {"Bearer \"a\"", 400, std::nullopt},
      {"Bearer \xc3\xa4", 400, std::nullopt},
      {"", 400, std::nullopt},
      {"=", 400, std::nullopt},
      {"a,b c", 400, std::nullopt},
  };
  for (const auto& c : cases) {
    RequestReader reader(kHeadLimit, kBodyLimit);
    const std::string bytes = get("Authorization: " + std::string(c.value) + "\r\n");
    std::string_view rest = bytes;
    const Progress progress = reader.read_head(rest);
    EXPECT_EQ(progress == Progress::refused ? reader.refusal().status : 0, c.status) << c.value;
    if (c.status == 0) {
      EXPECT_EQ(reader.head().request.secret, c.secret) << c.value;
    } else {
      EXPECT_EQ(reader.refusal().message.find("a b"), std::string::npos);
    }
  }
  EXPECT_EQ(outcome(get("Authorization: Bearer a\r\nAuthorization: Bearer a\r\n")), 400);
  EXPECT_EQ(outcome(get("Authorization: Bearer a\r\nauthorization: Basic b\r\n")), 400);
}

TEST(RequestReader, KnowsWhetherTheConnectionGoesOn) {
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
    RequestReader reader(kHeadLimit, kBodyLimit);
    std::string_view input = c.bytes;
    ASSERT_EQ(reader.read_head(input), Progress::complete) << c.bytes;
    EXPECT_EQ(reader.head().keep_alive, c.keep_alive) << c.bytes;
  }
}

TEST(RequestReader, TakesAHeadThatFillsTheLimitButNoLarger) {
  const std::string bytes = get("");
  EXPECT_EQ(outcome(bytes, bytes.size()), 0);
  EXPECT_EQ(outcome(bytes, bytes.size() - 1), 431);
  EXPECT_EQ(outcome(bytes + std::string(100000, 'x'), bytes.size()), 0)
      << "a body counts for itself";
}

// Seeded, so that what fails once fails again.
TEST(RequestReader, HasOneVerdictHoweverBrokenBytesAreCut) {
  const int kRounds = test::kSanitized ? 4'000 : 20'000;
  constexpr std::string_view kMarks = "\r\n \t\0:;,/+0159aAfFx\x7f\xff"sv;
  const std::string seeds[] = {
      get("X: a\r\nConnection: close\r\n"),
      post("Content-Length: 5\r\n") + "hello" + get(""),
      post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n" +
          get(""),
  };
  std::mt19937 random(1);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  int complete = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = seeds[below(std::size(seeds))];
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const char mark = kMarks[below(kMarks.size())];
      bytes.replace(below(bytes.size()), below(3), below(2), mark);
    }
    std::vector<std::size_t> cuts;
    for (std::size_t at = below(30); at < bytes.size(); at += 1 + below(30)) cuts.push_back(at);
    const Reading reading = read_at_once(bytes);
    if (reading.progress == Progress::complete) ++complete;
    ASSERT_EQ(read_in_pieces(bytes, cuts), reading) << bytes;
    ASSERT_EQ(read_in_pieces(bytes, every_byte(bytes.size())), reading) << bytes;
  }
  EXPECT_GT(complete, kRounds / 10);
  EXPECT_LT(complete, kRounds * 9 / 10);
}

}  // namespace
}  // namespace sluice::admin
